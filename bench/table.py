#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Samples a second of networks by Ballast, PyTorch and ONNX Runtime, in turns in one run on this machine.

    bench/table.py build/plain/ballast                    # all networks; minutes each
    bench/table.py build/plain/ballast --networks resnet110,resnet50:96 --rounds 5

Columns, in samples a second and as ratios of Ballast's:

- ballast bf16, fp32, int8: `ballast bench`, the whole hot path: noise, network, counting. Beside bf16 the share of the processor's peak (of a large
  matrix product by the same library in the same process); int8 runs what `ballast compose int8` makes of the network.
- loop: the loop of the reference implementation, eager PyTorch in fp32: an image repeated, noise by torch.randn_like, argmax, counts by numpy.
- best: the same by PyTorch's best settings for a processor: bf16, channels last, traced and frozen.
- ort: the network alone in fp32 by ONNX Runtime, the best of a few batch sizes. With --onnxruntime FOLDER, where
  `npm install onnxruntime-node --ignore-scripts` was run.

Networks have random weights. Needs Debian's python3-torch and python3-torchvision.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

try:
    import numpy as np
    import torch
    import torchvision
except ImportError as missing:
    print(f"table.py: {missing}; apt-get install python3-torchvision", file=sys.stderr)
    sys.exit(2)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import gpu  # noqa: E402  # the CIFAR networks

warnings.filterwarnings("ignore")

SIGMA = 0.25
USUAL = ("resnet110,resnet20,resnet50:96,mobilenet_v2:96,mobilenet_v3_large:96,efficientnet_b0:96,densenet121:96,convnext_tiny:96,"
         "swin_t:224,vit_b_16:224")

COLUMNS = ("network", "bf16", "share of peak", "int8", "int8 / bf16", "fp32", "loop", "bf16 / loop", "best", "bf16 / best", "ort", "fp32 / ort",
           "bf16 / ort")

RUN_ONNX = """
const ort = require('onnxruntime-node');
const [file, seconds, threads, ...sizes] = process.argv.slice(2);
const [channels, side] = sizes.map(Number);
(async () => {
  const session = await ort.InferenceSession.create(file, {intraOpNumThreads: Number(threads), interOpNumThreads: 1});
  let best = 0;
  for (const batch of [1, 8, 20, 64]) {
    const data = Float32Array.from({length: batch * channels * side * side}, (_, i) => (i * 7919 % 256) / 256);
    const feeds = {[session.inputNames[0]]: new ort.Tensor('float32', data, [batch, channels, side, side])};
    await session.run(feeds);
    const start = performance.now();
    let done = 0;
    while (done === 0 || performance.now() - start < 250 * Number(seconds)) { await session.run(feeds); done += batch; }
    best = Math.max(best, done / (performance.now() - start) * 1000);
  }
  console.log(best);
})();
"""


def made(name):
    """The network, and the side of its images."""
    torch.manual_seed(1)
    base, _, side = name.partition(":")
    network = gpu.cifar_resnet(int(base[6:])) if base in ("resnet20", "resnet110") else getattr(torchvision.models, base)(weights=None)
    return network.eval(), int(side or 32)


def loop_rate(network, side, batch, seconds, kind):
    image = torch.rand(3, side, side)
    classes = 1000
    done, start = 0, time.perf_counter()
    with torch.no_grad():
        while done == 0 or time.perf_counter() - start < seconds:
            copies = image.repeat((batch, 1, 1, 1))
            copies = copies + torch.randn_like(copies) * SIGMA
            if kind == "best":
                copies = copies.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
            np.bincount(network(copies).argmax(1).numpy(), minlength=classes)
            done += batch
    return done / (time.perf_counter() - start)


def best_form(network, side):
    """bf16, channels last, traced and frozen; as much of it as this PyTorch can."""
    example = torch.zeros(2, 3, side, side, dtype=torch.bfloat16).contiguous(memory_format=torch.channels_last)
    form = network.to(torch.bfloat16).to(memory_format=torch.channels_last)
    try:
        with torch.no_grad():
            traced = torch.jit.freeze(torch.jit.trace(form, example))
            traced(example)
            return traced
    except RuntimeError:
        return form


def ballast_rate(a, file, side, precision):
    words = [a.program, "bench", file, "--json", "--seconds", f"{a.seconds:g}", "--rounds", "1", "--threads", a.threads, "--precision", precision,
             "--input-shape", f"3x{side}x{side}"]
    return json.loads(subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout)


def whole_numbers(a, file, side, folder):
    """The network in whole numbers, fitted to a few images of chance."""
    images = folder / "images.npz"
    random = np.random.default_rng(1)
    np.savez(images, images=random.integers(0, 256, (8, side, side, 3), dtype=np.uint8), labels=np.zeros(8, dtype=np.int64))
    out = file.with_suffix(".int8.onnx")
    words = [a.program, "compose", "int8", file, images, out, "--sigma", SIGMA, "--quiet", "--input-shape", f"3x{side}x{side}"]
    subprocess.run([str(word) for word in words], check=True, capture_output=True)
    return out


def onnx_rate(a, file, side, folder):
    script = folder / "run.cjs"
    script.write_text(RUN_ONNX)
    environment = {**os.environ, "NODE_PATH": str(pathlib.Path(a.onnxruntime).resolve() / "node_modules")}
    words = ["node", script, file, a.seconds, a.threads, 3, side]
    return float(subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, env=environment).stdout)


def measure(name, a, folder):
    network, side = made(name)
    file = folder / f"{name.replace(':', '_')}.onnx"
    torch.onnx.export(network, torch.zeros(1, 3, side, side), str(file), input_names=["x"], dynamic_axes={"x": {0: "batch"}}, opset_version=14)
    batch = max(8, min(1000, 1000 * 32 * 32 // side ** 2))
    results = {"bf16": [], "fp32": [], "int8": [], "share": [], "loop": [], "best": [], "ort": []}
    whole = whole_numbers(a, file, side, folder)
    best = None if a.no_torch else best_form(made(name)[0], side)
    for _ in range(a.rounds):
        for precision in ("bf16", "fp32", "int8"):
            bench = ballast_rate(a, whole if precision == "int8" else file, side, precision)
            results[precision].append(bench["samples_per_second"])
            if precision == "bf16":
                results["share"].append(bench["fraction_of_peak"])
        if not a.no_torch:
            results["loop"].append(loop_rate(network, side, batch, a.seconds, "loop"))
            results["best"].append(loop_rate(best, side, batch, a.seconds, "best"))
        if a.onnxruntime:
            results["ort"].append(onnx_rate(a, file, side, folder))
    return {key: statistics.median(values) if values else None for key, values in results.items()}


def rate(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the ballast program")
    parser.add_argument("--networks", default=USUAL, help="resnet20, resnet110 or torchvision's NAME:SIDE")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each, whose medians are printed")
    parser.add_argument("--seconds", type=float, default=4, help="of each in a turn")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--onnxruntime", metavar="FOLDER")
    parser.add_argument("--no-torch", action="store_true", help="without the columns loop and best, which take minutes for large networks")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        for name in a.networks.split(","):
            r = measure(name, a, pathlib.Path(folder))
            cells = [name.replace(":", " at "), rate(r["bf16"]), f"{r['share']:.2f}", rate(r["int8"]), f"{r['int8'] / r['bf16']:.2f}", rate(r["fp32"])]
            for other, *beside in (("loop", "bf16"), ("best", "bf16"), ("ort", "fp32", "bf16")):
                cells += ["–"] * (1 + len(beside)) if r[other] is None else [rate(r[other]), *(f"{r[own] / r[other]:.2f}" for own in beside)]
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
