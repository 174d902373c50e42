#!/usr/bin/env bash
# The main job from nothing: installs what is missing, builds, certifies 200 Fashion-MNIST test images with the model
# that ships with Ballast, and prints the table of certified accuracies. About ten minutes on two cores, most of them
# installing and building.
#
#   tools/demo.sh [FOLDER]        the log goes to FOLDER (default: demo/); run again, it continues where it stopped
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-demo}

tools/install_packages.sh plain
cmake --preset release >/dev/null
cmake --build --preset release
mkdir -p "$folder"
build/release/ballast certify models/fashion-mnist-0.25.onnx fashion-mnist "$folder/fashion-mnist-0.25.tsv" \
  --sigma 0.25 --n 10000 --alpha 0.001 --max 200
echo "rows: $folder/fashion-mnist-0.25.tsv   how they were made: $folder/fashion-mnist-0.25.tsv.json"
