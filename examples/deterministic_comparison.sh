#!/usr/bin/env bash
# Smoothing beside deterministic certificates, each on a network trained for it (docs/deterministic.md).
#
#   examples/deterministic_comparison.sh FOLDER [IMAGES]      MODELS: folder of the smoothed models (default: models)
#
# FOLDER gets the models, the logs, the table and the figure. Training takes about an hour on one core, three quarters of it for Wong.
set -euo pipefail
folder=${1:?the folder for models, logs, table and figure}
images=${2:-200}
ballast=${BALLAST:-ballast}
models=${MODELS:-models}
mkdir -p "$folder"

# train ARCH NAME OPTION...: the network, unless it is there.
train() {
  [ -e "$folder/$2.onnx" ] || "$ballast" train fashion-mnist "$1" "$folder/$2.onnx" --schedule one-cycle --normalise fashion-mnist --shift 0 \
    --validation 500 --seed 1 --threads 1 "${@:3}"
}
train cnn-small lmt --recipe lmt --c 0.5 --epochs 8 --batch 128 --rate 0.01
train cnn-small wong --recipe wong --epsilon 0.5 --projections 50 --clip 1 --epochs 3 --batch 50 --rate 0.05 --weight-decay 5e-4
train cnn-small plain-cnn --sigma 0 --epochs 4 --batch 128 --rate 0.05 --precision bf16
train mlp7x1024 plain-mlp --sigma 0 --epochs 4 --batch 128 --rate 0.05 --precision bf16

entries=()
for sigma in 0.12 0.25 0.5 1.0; do
  entries+=(--entry "smoothing, sigma $sigma=certify $models/fashion-mnist-$sigma.onnx --sigma $sigma --n 10000")
done
"$ballast" compare fashion-mnist --out "$folder/comparison" --max "$images" --radii 0,0.25,0.5,0.75,1,1.25,1.5,2 "${entries[@]}" \
  --entry "LMT=verify $folder/lmt.onnx --method lipschitz" \
  --entry "Wong=verify $folder/wong.onnx --method wong --tolerance 0.01" \
  --entry "CROWN, Wong's network=verify $folder/wong.onnx --method crown --tolerance 0.01" \
  --entry "CROWN, plain CNN=verify $folder/plain-cnn.onnx --method crown --tolerance 0.01" \
  --entry "CROWN, plain MLP=verify $folder/plain-mlp.onnx --method crown --tolerance 0.05 --skip 8 --max $((images / 8))"
