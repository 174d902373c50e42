#!/usr/bin/env bash
# Installs a wheel as people do, into a fresh virtual environment that has nothing but NumPy, and certifies an image with it.
#
#   tests/package/wheel_test.sh WHEEL
set -euo pipefail
cd "$(dirname "$0")/../.."
wheel=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

(($(stat -c %s "$wheel") < 40000000)) || { echo "the wheel has $(stat -c %s "$wheel") bytes; 40,000,000 is the most" >&2; exit 1; }
/usr/bin/python3 -m venv --system-site-packages "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-index --disable-pip-version-check "$wheel"
cp models/fashion-mnist-0.25.onnx "$folder/model.onnx"
cd "$folder"
unset PYTHONPATH LD_LIBRARY_PATH

# Every library is the system's own or lies in the wheel.
binaries=$(find venv/lib -path '*ballast*' \( -name '*.so*' -o -path '*/bin/ballast' \) -type f)
for binary in $binaries; do
  ldd "$binary" | grep -q 'not found' && { echo "$binary lacks a library:" >&2; ldd "$binary" >&2; exit 1; }
  foreign=$(ldd "$binary" | awk '$3 ~ /^\// {print $1, $3}' |
    grep -vE '^(libc|libm|libdl|librt|libpthread|libutil|libresolv|libgcc_s|libstdc\+\+|libz)\.so|ballast\.libs' || true)
  [ -z "$foreign" ] || { echo "$binary uses libraries that a bare machine may lack: $foreign" >&2; exit 1; }
done

venv/bin/python - <<'PY'
import ballast, numpy as np
images = np.random.default_rng(1).integers(0, 256, (2, 1, 28, 28), dtype=np.uint8)
rows = ballast.certify(ballast.Model("model.onnx"), images, [0, 1], sigma=0.25, n=1000, log="log.tsv")
again = ballast.certify("model.onnx", images, [0, 1], sigma=0.25, n=1000)
assert rows["counts"][0].tolist() == again["counts"][0].tolist() and rows["counts"][0].sum() == 1000
def function(batch):
    return (batch.mean((1, 2, 3)) > 0.5).astype(np.int64)
assert ballast.Smooth(function, 2, 0.25).certify(images[0], 100, 1000, 0.001, 100)[0] in (-1, 0, 1)
PY
[ "$(venv/bin/python -m ballast --version)" = "$(venv/bin/ballast --version)" ]
venv/bin/python -m ballast audit log.tsv
echo "$(basename "$wheel"): $(stat -c %s "$wheel") bytes; installed, imported, run"
