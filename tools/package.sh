#!/usr/bin/env bash
# Builds the Debian package: program, library, Python package, manual page, completions, models. Or a wheel for this Python: the Python
# package and the program, with the libraries that they need.
#
#   tools/package.sh [plain|full|wheel] [FOLDER]     full: with LibTorch; FOLDER: where it goes (default: build/packages)
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-plain}
folder=${2:-build/packages}
case $kind in
  plain | wheel) preset=release ;;
  full) preset=full ;;
  *) echo "usage: $0 [plain|full|wheel] [FOLDER]" >&2; exit 2 ;;
esac
[ "$kind" = wheel ] || tools/install_packages.sh "$kind"
tools/install_packages.sh "$([ "$kind" = wheel ] && echo wheel || echo package)"
cmake --preset "$preset" -DBALLAST_PYTHON=ON -DPython_EXECUTABLE=/usr/bin/python3 >/dev/null
cmake --build --preset "$preset"
if [ "$kind" = wheel ]; then
  exec /usr/bin/python3 tools/wheel.py "build/$preset" "$folder"
fi
mkdir -p "$folder"
folder=$(realpath "$folder")
(cd "build/$preset" && cpack -B "$folder" >/dev/null)
rm -rf "$folder/_CPack_Packages"
ls "$folder"/*.deb
