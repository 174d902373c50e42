#!/usr/bin/env bash
# Builds the references: the Python package's from its docstrings (Sphinx), and the C++ library's from the public headers (Doxygen). A warning
# is an error. The package is the one on PYTHONPATH, else one that was built in build/.
#
#   tools/docs.sh [FOLDER]     FOLDER: where they go (default: build/docs); FOLDER/index.html is Python's, FOLDER/cpp/index.html C++'s
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/docs}
tools/install_packages.sh docs

if ! /usr/bin/python3 -c 'import ballast' 2>/dev/null; then
  built=$(ls -t build/*/python/ballast/_ballast.*.so 2>/dev/null | head -1)
  [ -n "$built" ] || { echo "the Python package is neither on PYTHONPATH nor built: cmake --preset plain && cmake --build --preset plain" >&2; exit 1; }
  PYTHONPATH=$(realpath "$(dirname "$built")/..")
  export PYTHONPATH
fi
mkdir -p "$folder"
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m sphinx -q -E -W --keep-going -d "$folder/.doctrees" docs/reference "$folder"
doxygen - <<<"$(cat docs/reference/Doxyfile)
OUTPUT_DIRECTORY = \"$folder\"
HTML_OUTPUT = cpp"
echo "$folder/index.html"
