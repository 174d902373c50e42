#!/usr/bin/env bash
# Builds the Debian package: program, library, Python package, manual page, completions, models.
#
#   tools/package.sh [plain|full] [FOLDER]     full: with LibTorch; FOLDER: where it goes (default: build/packages)
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-plain}
folder=${2:-build/packages}
case $kind in
  plain) preset=release ;;
  full) preset=full ;;
  *) echo "usage: $0 [plain|full] [FOLDER]" >&2; exit 2 ;;
esac
tools/install_packages.sh "$kind"
tools/install_packages.sh package
cmake --preset "$preset" -DBALLAST_PYTHON=ON -DPython_EXECUTABLE=/usr/bin/python3 >/dev/null
cmake --build --preset "$preset"
mkdir -p "$folder"
folder=$(realpath "$folder")
(cd "build/$preset" && cpack -B "$folder" >/dev/null)
rm -rf "$folder/_CPack_Packages"
ls "$folder"/*.deb
