#!/usr/bin/env bash
# Builds the Debian package: program, library, Python package, manual page, completions, models. Or a wheel for this Python: the Python
# package and the program, with the libraries that they need. Both hold a list of what they consist of (SPDX).
#
#   tools/package.sh [plain|full|wheel] [FOLDER]     full: with LibTorch; FOLDER: where it goes (default: build/packages)
set -euo pipefail
umask 022  # the modes of what is packed
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
# The same bytes for the same sources and libraries: of the time of the last commit.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
if [ "$kind" = wheel ]; then
  exec /usr/bin/python3 tools/wheel.py "build/$preset" "$folder"
fi
/usr/bin/python3 tools/sbom.py "build/$preset/ballast" "build/$preset/ballast.spdx.json"
mkdir -p "$folder"
folder=$(realpath "$folder")
(cd "build/$preset" && cpack -B "$folder" >/dev/null)
rm -rf "$folder/_CPack_Packages"
ls "$folder"/*.deb
