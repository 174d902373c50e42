#!/usr/bin/env bash
# Installs the Debian packages that a build needs, if any is missing (as root, or by sudo).
#
#   tools/install_packages.sh plain|full|python|mpi|test|web|package|wheel|docs|fuzz|coverage|cluster
#
# plain: to build and run the program. full: LibTorch too. python: what the Python package needs besides. mpi: what
# mpirun needs besides. test: full, and what the tests and checks use. web: to build
# and test the report's page. package: to make the Debian package. wheel: to make a wheel, and to install it as people do. docs: what
# tools/docs.sh builds the references by. fuzz: what tools/fuzz.sh feeds the readers by.
# coverage: what tools/coverage.sh counts lines by. cluster: a Slurm to try an array job on.
set -euo pipefail

plain=(g++ cmake ninja-build pkgconf ccache libdnnl-dev libonnx-dev libprotobuf-dev libboost-math-dev libboost-dev
       librandom123-dev libstb-dev libarchive-dev libcli11-dev nlohmann-json3-dev libcpp-httplib-dev libfmt-dev libssl-dev
       zlib1g-dev libwebp-dev libtiff-dev dataset-fashion-mnist)
full=("${plain[@]}" libtorch-dev)
python=(python3-dev python3-numpy pybind11-dev)
package=(dpkg-dev file "${python[@]}")
wheel=("${plain[@]}" "${python[@]}" patchelf binutils python3-venv)
docs=(python3-sphinx python3-numpy doxygen)
mpi=(libopenmpi-dev openmpi-bin)
test=("${full[@]}" "${mpi[@]}" libgtest-dev libbenchmark-dev gnuplot-nox python3-torch python3-torchvision python3-onnx
      libonnx-testdata mypy "${package[@]}" "${docs[@]}" patchelf binutils python3-venv)
web=(chromium fonts-dejavu-core)
fuzz=("${plain[@]}" clang-14 libclang-rt-14-dev libomp-14-dev)
coverage=("${test[@]}" gcovr)
cluster=(slurmctld slurmd slurm-client munge)
command -v node >/dev/null || web+=(nodejs)  # another Node than Debian's will do, and brings its own npm
command -v npm >/dev/null || web+=(npm)

case "${1:-}" in
  plain) packages=("${plain[@]}") ;;
  full) packages=("${full[@]}") ;;
  python) packages=("${plain[@]}" "${python[@]}") ;;
  mpi) packages=("${plain[@]}" "${mpi[@]}") ;;
  test) packages=("${test[@]}") ;;
  web) packages=("${web[@]}") ;;
  package) packages=("${package[@]}") ;;
  wheel) packages=("${wheel[@]}") ;;
  docs) packages=("${docs[@]}") ;;
  fuzz) packages=("${fuzz[@]}") ;;
  coverage) packages=("${coverage[@]}") ;;
  cluster) packages=("${cluster[@]}") ;;
  *) echo "usage: $0 plain|full|python|mpi|test|web|package|wheel|docs|fuzz|coverage|cluster" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
echo "installing: ${missing[*]}" >&2
# A machine that has just started holds apt's locks for a while. Installing can wait for its lock by itself, updating cannot.
wait_seconds=600
for ((waited = 0; ; waited += 5)); do
  problem=$("${as_root[@]}" apt-get update -qq 2>&1) && break
  if [[ "$problem" != *"Could not get lock"* ]] || ((waited >= wait_seconds)); then echo "$problem" >&2; exit 1; fi
  sleep 5
done
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -o DPkg::Lock::Timeout="$wait_seconds" -y -qq --no-install-recommends \
  "${missing[@]}" >/dev/null
