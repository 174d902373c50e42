#!/usr/bin/env bash
# Which noise to train under for certificates at one noise level (Cohen, Rosenfeld and Kolter 2019, appendix H.3): models
# trained at sigma = 0.12, 0.25, 0.5 and 1.0, all certified at sigma = 0.5.
#
#   examples/noise_transfer.sh FOLDER [IMAGES]      MODELS: folder of models trained before (default: they are trained here)
#
# FOLDER gets the models, the logs, and a report with its table and figure. Without models it takes about an hour on two cores.
set -euo pipefail
folder=${1:?the folder for models, logs and report}
images=${2:-500}
ballast=${BALLAST:-ballast}
models=${MODELS:-$folder}
mkdir -p "$folder"

logs=()
for sigma in 0.12 0.25 0.5 1.0; do
  model=$models/fashion-mnist-$sigma.onnx
  if [ ! -e "$model" ]; then
    "$ballast" train fashion-mnist resnet14 "$model" --sigma "$sigma" --epochs 10 --batch 128 --schedule one-cycle --shift 0 \
      --weight-decay 5e-4 --normalise fashion-mnist
  fi
  log=$folder/trained-$sigma.tsv
  "$ballast" certify "$model" fashion-mnist "$log" --sigma 0.5 --radii 0,0.25,0.5,0.75,1 --n 100000 --alpha 0.001 --max "$images"
  logs+=("trained at sigma $sigma=$log")
done
"$ballast" report "${logs[@]}" --out "$folder/report"
