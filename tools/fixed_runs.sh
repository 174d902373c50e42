#!/usr/bin/env bash
# Runs whose rows must not change where only the house is tidied: every method and noise, recertify, merge, Python and the
# server, by one build, into a folder. Two folders, made before and after a change, are then compared:
#
#   tools/fixed_runs.sh build/dev/ballast build/plain/python before
#   tools/fixed_runs.sh build/dev/ballast build/plain/python after
#   tools/fixed_runs.sh --compare before after
#
# A program of the plain build leaves verify and attack out. Rows are compared without their times.
set -euo pipefail

if [ "$1" = --compare ]; then
  before=$2 after=$3 status=0
  rows() { awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "time") t = i} {if (t) $t = ""; print}' OFS='\t' "$1"; }
  # Entries in any order, without names of files and the hashes of logs, which hold times.
  entries() { sed 's/,$//' "$1" | grep -vE '"(command|model|against_sha256|recertified_from)"' | sort; }
  for file in "$before"/*; do
    name=$(basename "$file")
    [ -e "$after/$name" ] || { echo "$name: missing in $after"; status=1; continue; }
    case $name in
      *.json) diff <(entries "$file") <(entries "$after/$name") || { echo "$name differs"; status=1; } ;;
      *) diff <(rows "$file") <(rows "$after/$name") || { echo "$name differs"; status=1; } ;;
    esac
  done
  [ $status = 0 ] && echo "$(ls "$before" | wc -l) files are the same"
  exit $status
fi

program=$(realpath "$1") package=$(realpath "$2") folder=$3
root=$(cd "$(dirname "$0")/.." && pwd)
model=$root/models/fashion-mnist-0.25.onnx
mkdir -p "$folder" && cd "$folder"

run() { "$program" "$@" --quiet >/dev/null; }
certify() { local log=$1; shift; run certify "$model" fashion-mnist "$log.tsv" --max 4 --skip 37 --precision fp32 "$@"; }

certify fixed --n 1000 --sigma 0.25
certify pair --n 1000 --sigma 0.25 --bound pb
certify unselected --n 1000 --sigma 0.25 --selection none --family-wise
certify seeded --n 1000 --sigma 0.25 --seed 18446744073709551615 --start 3
certify gaussian --n 1000 --sigma 0.25 --noise gaussian
certify uniform --n 1000 --noise uniform --lambda 0.3
certify laplace --n 1000 --noise laplace --lambda 0.1
certify split --noise split --lambda 0.1
certify radii --n 1000 --sigma 0.25 --radii 0,0.1,0.25
certify radii_predicted --n 1000 --sigma 0.25 --radii 0.25,0 --target predicted --futility 0
certify tolerance --n 3000 --sigma 0.25 --tolerance 0.1
certify tolerance_predicted --n 3000 --sigma 0.25 --tolerance 0.1 --target predicted
for shard in 1 2; do certify "shard_$shard" --n 1000 --sigma 0.25 --shard "$shard/2"; done
run_quietly() { "$program" "$@" >/dev/null; }
run_quietly merge shard_1.tsv shard_2.tsv --out merged.tsv
run predict "$model" fashion-mnist predict.tsv --sigma 0.25 --n 1000 --max 4 --precision fp32
run predict "$model" fashion-mnist predict_uniform.tsv --noise uniform --lambda 0.3 --n 1000 --max 4 --precision fp32
run_quietly recertify fixed.tsv --out recertified_alpha.tsv --alpha 0.05
run_quietly recertify fixed.tsv --out recertified_n.tsv --n 500
run_quietly recertify fixed.tsv --out recertified_scaled.tsv --n 5000 --scale
run_quietly recertify fixed.tsv --out recertified_family.tsv --family-wise
if "$program" verify --help 2>/dev/null | grep -q cascade; then
  run verify "$model" fashion-mnist verify.tsv --method lipschitz --radius 0.05 --max 4 --precision fp32
  run verify "$model" fashion-mnist verify_largest.tsv --method lipschitz --most 1 --max 4 --precision fp32
  run verify "$model" fashion-mnist verify_cascade.tsv --method lipschitz --radius 0.001 --cascade "$root/models/fashion-mnist-0.5.onnx" --max 4 --precision fp32
  run attack "$model" fashion-mnist attack.tsv --radius 0.5 --sigma 0.25 --n 200 --steps 2 --copies 4 --max 2 --precision fp32
  run attack "$model" fashion-mnist attack_base.tsv --radius 0.5 --steps 2 --max 2 --precision fp32
  run attack "$model" fashion-mnist attack_certified.tsv --against fixed.tsv --factor 1.5 --steps 2 --copies 4 --n 200 --max 2 --precision fp32
fi
for log in fixed radii tolerance split predict merged recertified_alpha; do "$program" audit "$log.tsv" >"$log.audit" 2>&1 || true; done
"$program" report --json report.txt fixed.tsv radii.tsv >/dev/null 2>&1 || true

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$package PROGRAM=$program MODEL=$model /usr/bin/python3 - >python.txt <<'P'
import base64, gzip, json, os, re, subprocess, time, urllib.request
import numpy as np
import ballast

with gzip.open("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz") as file:
    images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)[:3]
labels = np.array([9, 2, 1])

def show(name, rows):
    for column, values in rows.items():
        if column != "time":
            print(name, column, [v.tolist() if hasattr(v, "tolist") else v for v in values])

model = ballast.Model(os.environ["MODEL"], precision="fp32")
show("fixed", ballast.certify(model, images, labels, sigma=0.25, n=1000))
show("pair", ballast.certify(model, images, labels, sigma=0.25, n=1000, bound="pb", noise="gaussian"))
show("no labels", ballast.certify(model, images, sigma=0.25, n=1000, alpha=0.01, family_wise=True))
show("floats", ballast.certify(model, (images / 255).astype(np.float32), labels, sigma=0.25, n=1000))
show("uniform", ballast.certify(model, images, labels, noise="uniform", lambda_=0.3, n=1000))
show("split", ballast.certify(model, images, labels, noise="split", lambda_=0.1))
show("radii", ballast.certify(model, images, labels, sigma=0.25, n=1000, radii=[0, 0.25]))
show("tolerance", ballast.certify(model, images, sigma=0.25, n=3000, tolerance=0.1))
show("predict", ballast.predict(model, images, labels, sigma=0.25, n=1000))
show("function", ballast.certify(lambda batch: (batch.mean(axis=(1, 2, 3)) > 0.3).astype(int), images, sigma=0.25, n=1000, seed=5, num_classes=2))

server = subprocess.Popen([os.environ["PROGRAM"], "serve", os.environ["MODEL"], "--sigma", "0.25", "--port", "0", "--precision", "fp32", "--n", "1000", "--name", "m"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
try:
    port = re.search(r":(\d+)", server.stdout.readline()).group(1)
    for parameters in ({}, {"radii": "0,0.25"}, {"tolerance": 0.2, "alpha": 0.0005}):
        body = {"parameters": parameters, "inputs": [{"name": "image", "datatype": "UINT8", "shape": [1, 1, 28, 28], "data": images[0].ravel().tolist()}]}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v2/models/m/infer", json.dumps(body).encode(), {"Content-Type": "application/json"})
        answer = json.load(urllib.request.urlopen(request))
        tensors = {tensor["name"]: tensor["data"] for tensor in answer["outputs"]}
        seed = int(json.loads(tensors["draw"][0])["seed"])
        options = {"radii": [0, 0.25]} if "radii" in parameters else {k: v for k, v in parameters.items() if k == "tolerance"}
        again = ballast.certify(model, images[:1], sigma=0.25, n=1000, seed=seed, alpha=parameters.get("alpha", 0.001), **options)
        same = tensors["label"] == again["predict"].tolist() and abs(tensors["radius"][0] - again["radius"][0]) < 1e-12 and tensors["counts"] == again["counts"][0][:-1].tolist()
        print("server", parameters, sorted(answer["parameters"]), sorted(tensors), "as Python:", same, tensors["label"])
finally:
    server.terminate()
    server.wait()
P
