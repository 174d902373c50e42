#!/usr/bin/env bash
# Every test: installs what is missing, builds the plain and the full build, and runs the tests of both, the plain ones
# under the sanitizers too. The last line says how many passed and failed.
#
#   tools/test.sh [plain|full|asan|tsan|web|check ...]     only these (default: all)
#   tools/test.sh cluster     examples/slurm on a Slurm of one node (as root; not among all)
#   tools/test.sh fuzz        every reader by libFuzzer, a minute each (not among all; tools/fuzz.sh for longer)
#   tools/test.sh thorough    what takes hours: every classifier of torchvision, and a hundred kills of each command,
#                             damaged files and random graphs by the thousand, the program's own tests under the
#                             address sanitizer, coverage (not among all)
set -uo pipefail
cd "$(dirname "$0")/.."
wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=(check plain full asan tsan web)
passed=0 failed=0

tools/install_packages.sh test || { echo "the packages could not be installed" >&2; echo "0 passed, 1 failed"; exit 1; }

# count NAME COMMAND...: runs it as one test.
count() {
  local name=$1 before=$SECONDS; shift
  if "$@"; then passed=$((passed + 1)); else echo "FAILED: $name" >&2; failed=$((failed + 1)); fi
  echo "$name ($((SECONDS - before)) s)"
}

# later NAME COMMAND...: as count, but together with the others that are put off, two at a time, by counts.
put_off=()
later() { put_off+=("$(printf '%q ' "$@")"); }
run_one() {
  local result=$1 name=$2 before=$SECONDS status=0; shift 2
  "$@" >"$result" 2>&1 || status=$?
  [ "$status" = 0 ] || echo "FAILED: $name" >>"$result"
  echo "$name ($((SECONDS - before)) s)" >>"$result"
  echo "$status" >"$result.status"
}
counts() {
  local folder i
  folder=$(mktemp -d)
  for i in "${!put_off[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
    eval "run_one $folder/$i ${put_off[$i]}" &
  done
  wait
  for i in "${!put_off[@]}"; do
    cat "$folder/$i"
    if [ "$(cat "$folder/$i.status")" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
  rm -rf "$folder"
  put_off=()
}

# build PRESET [TARGET...]
build() {
  local preset=$1 before=$SECONDS; shift
  cmake --preset "$preset" >/dev/null && cmake --build --preset "$preset" ${1:+--target "$@"} -- -k 0 || return
  echo "$preset: built ($((SECONDS - before)) s)"
}

# run_suite PRESET NAME FILTER RESULT: one program of tests; what it says goes to RESULT, and to RESULT.counts how many passed and failed.
run_suite() {
  local program=build/$1/tests/$2_test output=$4.output before=$SECONDS
  "$program" --gtest_brief=1 ${3:+--gtest_filter="$3"} >"$output" 2>&1
  local status=$? good bad
  good=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}\..*/\1/p' "$output" | tail -1)
  bad=$(sed -n 's/^ *\([0-9]*\) FAILED TESTS\{0,1\}$/\1/p' "$output" | tail -1)
  [ "$status" = 0 ] || [ -n "$bad" ] || bad=1  # it crashed
  {
    grep -E '^\[  FAILED|Skipped|[Ff]ailure|ERROR|WARNING|runtime error|SUMMARY|skip' "$output" | sort -u | head -40
    [ "$status" = 0 ] || tail -60 "$output"
    echo "$1 $2: ${good:-0} passed, ${bad:-0} failed ($((SECONDS - before)) s)"
  } >"$4"
  echo "${good:-0} ${bad:-0}" >"$4.counts"
}

# suites PRESET NAME[=FILTER]...: two at a time, since most use one core, or wait; what each says is shown in their order.
suites() {
  local preset=$1 folder name good bad
  folder=$(mktemp -d)
  shift
  for name in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
    run_suite "$preset" "${name%%=*}" "$([[ $name == *=* ]] && echo "${name#*=}")" "$folder/${name%%=*}" &
  done
  wait
  for name in "$@"; do
    cat "$folder/${name%%=*}"
    read -r good bad <"$folder/${name%%=*}.counts"
    passed=$((passed + good)) failed=$((failed + bad))
  done
  rm -rf "$folder"
}

# The release and the full build have the plain one's objects, but for an option and paths that make no difference to them.
export CCACHE_IGNOREOPTIONS=-Werror CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

wheel_works() {
  local folder status
  folder=$(mktemp -d)
  tools/package.sh wheel "$folder" >"$folder/output" 2>&1 && tests/package/wheel_test.sh "$folder"/*.whl
  status=$?
  [ "$status" = 0 ] || tail -40 "$folder/output"
  rm -rf "$folder"
  return "$status"
}

plain_suites=(cli stats selftest fuzz serve noise model data log remote graph smooth run report reference core procedure protocol)  # the longest first
for kind in "${wanted[@]}"; do
  echo "== $kind"
  case $kind in
    check) count check tools/check.sh ;;
    plain)
      build plain || { failed=$((failed + 1)); continue; }
      suites plain "${plain_suites[@]}"
      later "ranks of an MPI job write one log" tests/cluster/mpi_test.sh build/plain/ballast
      later "import ballast" env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=build/plain/python /usr/bin/python3 -m unittest discover -s tests/python
      later "a wheel is installed and used" wheel_works
      later "each public header compiles alone" cmake --build --preset plain --target all_verify_interface_header_sets
      later "the types of the Python package" tests/python/types_test.sh
      for isa in AVX2 AVX512_CORE_BF16; do
        later "engines on a processor of $isa" env DNNL_MAX_CPU_ISA=$isa ONEDNN_MAX_CPU_ISA=$isa build/plain/tests/model_test --gtest_brief=1 --gtest_filter='Label.*:Stretched.*:Kernels.*:Chains.*:RandomGraphs.*:Each/Operation.UnderOnednn*'
      done
      later "what is installed can be used" tests/package/package_test.sh build/plain
      later "newer operations have NumPy's numbers" /usr/bin/python3 tests/torch/newer_operations_test.py build/plain/ballast
      later "rows are made again without Ballast" /usr/bin/python3 tests/tools/recompute_test.py build/plain/ballast
      later "full disks, kills, little memory, exchanged files, stalling peers" /usr/bin/python3 tests/faults/faults_test.py build/plain/ballast
      later "the references are built without a warning" env PYTHONPATH=build/plain/python tools/docs.sh
      counts
      ;;
    full)
      build dev ballast model_test train_test verify_test attack_test reference_test cli_test parts_benchmark serve_load || { failed=$((failed + 1)); continue; }
      # Of the program's tests, what the plain build leaves out.
      suites dev cli='Train*:Verify*:Attack*:Compare*:Shards.OfVerify*:*OldLogs*:Help*:Version*:Evaluate*:BadArgument.LibTorch*' verify train attack model reference
      later "a checkpoint of PyTorch becomes ONNX" /usr/bin/python3 tests/torch/export_torch_test.py build/dev/ballast
      later "diffusion denoisers of PyTorch compose" /usr/bin/python3 tests/torch/diffusion_unet_test.py build/dev/ballast
      later "classifiers of torchvision have the scores of PyTorch" /usr/bin/python3 tests/torch/torchvision_test.py build/dev/ballast
      later "newer operations have NumPy's numbers in ATen" /usr/bin/python3 tests/torch/newer_operations_test.py build/dev/ballast aten
      later "TorchScript, and a GPU where there is one" env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/torch/gpu_test.py build/dev/ballast
      later "ranks of an MPI job verify and attack into one log" tests/cluster/mpi_test.sh build/dev/ballast rows
      counts
      ;;
    asan)
      build asan core_test stats_test noise_test procedure_test graph_test data_test protocol_test remote_test smooth_test serve_test log_test run_test report_test fuzz_test || { failed=$((failed + 1)); continue; }
      suites asan stats graph log serve remote fuzz core noise procedure data protocol smooth run report
      ;;
    tsan)
      build tsan smooth_test serve_test run_test model_test || { failed=$((failed + 1)); continue; }
      suites tsan model='Label.*AtOnce' serve smooth run
      ;;
    cluster)
      tools/install_packages.sh cluster && build plain ballast || { failed=$((failed + 1)); continue; }
      count "an array job of Slurm, killed and requeued" tests/cluster/slurm_test.sh build/plain/ballast
      ;;
    fuzz)
      tools/install_packages.sh fuzz || { failed=$((failed + 1)); continue; }
      count "every kept input" tools/fuzz.sh corpus
      count "a minute of each reader" tools/fuzz.sh all 1
      ;;
    thorough)
      build plain ballast model_test || { failed=$((failed + 1)); continue; }
      build asan fuzz_test && count "every sample damaged often" env BALLAST_MUTATIONS=4000 build/asan/tests/fuzz_test --gtest_brief=1
      build asan cli_test && suites asan cli
      build tsan model_test && suites tsan model
      count "the tests run the lines of statistics, noise, smoothing and logs" tools/coverage.sh
      count "each file compiles by itself, with LibTorch too" bash -c 'cmake --preset edit-dev >/dev/null && cmake --build --preset edit-dev'
      build dev ballast && count "files compiled as one call what they call apart" tests/package/unity_test.sh build/dev build/edit-dev
      count "a package built in two places is the same" tests/package/reproducible_test.sh
      build plain stats_test && count "statistics in high precision, a million arguments" env BALLAST_TIMES=100 build/plain/tests/stats_test --gtest_brief=1 --gtest_filter='RandomArguments.*:ClopperPearson.*:Radius*'
      count "random graphs, many" env BALLAST_RANDOM_GRAPHS=100000 build/plain/tests/model_test --gtest_brief=1 --gtest_filter='RandomGraphs.*'
      count "faults, thoroughly" /usr/bin/python3 tests/faults/faults_test.py build/plain/ballast --thorough
      count "every classifier of torchvision has the scores of PyTorch" /usr/bin/python3 tests/torch/torchvision_test.py build/plain/ballast --all
      ;;
    web)
      # The report's page: built again and compared with the one in the tree, then opened in a browser.
      [ -x build/plain/ballast ] || build plain ballast || { failed=$((failed + 1)); continue; }  # the server's page is tested with its server
      tools/install_packages.sh web && (cd web && npm ci --no-audit --no-fund --loglevel=error) || { failed=$((failed + 1)); continue; }
      count "types of the page" npm --prefix web run --silent check
      output=$(mktemp)
      npm --prefix web test >"$output" 2>&1
      status=$?
      good=$(sed -n 's/^# pass \([0-9]*\)$/\1/p; s/^ℹ pass \([0-9]*\)$/\1/p' "$output" | tail -1)
      bad=$(sed -n 's/^# fail \([0-9]*\)$/\1/p; s/^ℹ fail \([0-9]*\)$/\1/p' "$output" | tail -1)
      [ "$status" = 0 ] || { tail -60 "$output"; [ "${bad:-0}" != 0 ] || bad=1; }
      echo "web: ${good:-0} passed, ${bad:-0} failed"
      passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0}))
      rm -f "$output"
      ;;
    *) echo "usage: $0 [plain|full|asan|tsan|web|check|cluster|fuzz|thorough ...]" >&2; exit 2 ;;
  esac
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
