#!/usr/bin/env bash
# The types of the Python package, and of the notebook's code that uses it, by mypy.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p build/types
/usr/bin/python3 - <<'PY' >build/types/certify.py
import json
for cell in json.load(open("examples/certify.ipynb"))["cells"]:
    if cell["cell_type"] == "code":
        print("".join(cell["source"]))
PY
MYPYPATH=python /usr/bin/python3 -m mypy --strict --ignore-missing-imports --cache-dir build/types python/ballast build/types/certify.py
