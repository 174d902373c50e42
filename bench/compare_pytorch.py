#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Samples a second: `ballast bench` beside the usual PyTorch loop, measured in turns on this machine.

    bench/compare_pytorch.py build/plain/ballast MODEL.onnx --depth 110

The loop is that of the reference implementation of randomized smoothing: one CIFAR image repeated in batches of 1000, noise by
torch.randn_like, an eager fp32 ResNet of the same depth (random weights: its speed does not depend on them), argmax, and the
votes counted by numpy. It runs on all cores; Debian's PyTorch would start with one thread. Needs python3-torch.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as missing:
    print(f"compare_pytorch: {missing}; apt-get install python3-torch", file=sys.stderr)
    sys.exit(2)

BATCH = 1000


class Block(nn.Module):
    """Two 3x3 convolutions around a shortcut: the image itself, or a 1x1 convolution where its shape changes."""

    def __init__(self, inside, outside, stride):
        super().__init__()
        self.first = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outside)
        self.second = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outside)
        same = stride == 1 and inside == outside
        self.shortcut = nn.Identity() if same else nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x):
        y = torch.relu(self.first_norm(self.first(x)))
        return torch.relu(self.second_norm(self.second(y)) + self.shortcut(x))


class Normalize(nn.Module):
    """The layer that puts [0, 1] pixels into the range the network was trained on."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.2023, 0.1994, 0.2010]).view(3, 1, 1))

    def forward(self, x):
        return (x - self.mean) / self.deviation


def cifar_resnet(depth, classes=10):
    """The CIFAR ResNet of He et al. 2016: depth = 6 n + 2, three stages of n blocks with 16, 32 and 64 channels."""
    blocks = (depth - 2) // 6
    layers = [Normalize(), nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    inside = 16
    for outside in (16, 32, 64):
        for i in range(blocks):
            layers.append(Block(inside, outside, 2 if outside > 16 and i == 0 else 1))
            inside = outside
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes)).eval()


def count_votes(network, image, samples, sigma):
    """The sampling loop of the reference implementation (core.py, `_sample_noise`), on the CPU."""
    with torch.no_grad():
        counts = np.zeros(10, dtype=int)
        while samples > 0:
            this_batch = min(BATCH, samples)
            samples -= this_batch
            batch = image.repeat((this_batch, 1, 1, 1))
            noise = torch.randn_like(batch) * sigma
            predictions = network(batch + noise).argmax(1)
            counts += np.bincount(predictions.numpy(), minlength=10)
        return counts


def pytorch_rate(network, image, seconds, sigma):
    """Samples a second over whole batches, at least one, for about so long."""
    start, done = time.perf_counter(), 0
    while done == 0 or time.perf_counter() - start < seconds:
        done += int(count_votes(network, image, BATCH, sigma).sum())
    return done / (time.perf_counter() - start)


def fail(message):
    print(f"compare_pytorch: {message}", file=sys.stderr)
    sys.exit(2)


def run_program(arguments):
    try:
        finished = subprocess.run(arguments, capture_output=True, text=True)
    except OSError as error:
        fail(f"{arguments[0]}: cannot be run: {error.strerror}")
    if finished.returncode != 0:
        fail(f"{' '.join(arguments)}: exit status {finished.returncode}: {' '.join(finished.stderr.split())}")
    return finished.stdout


def ballast_bench(a, seconds):
    text = run_program([a.program, "bench", a.model, "--json", "--seconds", f"{seconds:g}", "--rounds", "1", "--sigma", f"{a.sigma:g}",
                        "--threads", str(a.threads)])
    try:
        return json.loads(text)
    except ValueError:
        fail(f"{a.program} bench --json did not print JSON")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the ballast program")
    parser.add_argument("model", help="ONNX file of a CIFAR ResNet of that depth")
    parser.add_argument("--depth", type=int, default=110, help="layers of PyTorch's network, 6 n + 2: 20 or 110 (default 110)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    parser.add_argument("--seconds", type=float, default=10, help="length of a turn, about (default 10)")
    parser.add_argument("--sigma", type=float, default=0.25, help="standard deviation of the noise (default 0.25)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of both (default: all cores)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    a = parser.parse_args()
    if a.depth < 8 or a.depth % 6 != 2:
        fail(f"--depth {a.depth}: must be 6 n + 2, such as 20 or 110")
    if a.rounds < 1 or not 0 < a.seconds < float("inf") or not 0 < a.sigma < float("inf") or a.threads < 1:
        fail("--rounds and --threads must be at least 1, --seconds and --sigma above 0")
    return a


def compare(a):
    version = run_program([a.program, "--version"]).strip()
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    network, image = cifar_resnet(a.depth), torch.rand(3, 32, 32)
    ballast_bench(a, 1)  # both warm up
    pytorch_rate(network, image, 0, a.sigma)
    ours, theirs = [], []
    for turn in range(a.rounds):
        ours.append(ballast_bench(a, a.seconds))
        theirs.append(pytorch_rate(network, image, a.seconds, a.sigma))
        if not a.json:
            print(f"turn {turn + 1}: ballast {ours[-1]['samples_per_second']:9.1f}   PyTorch {theirs[-1]:9.1f}   samples a second", flush=True)
    median = lambda key: statistics.median(result[key] for result in ours)
    rate, torch_rate = median("samples_per_second"), statistics.median(theirs)
    return {
        "ballast_samples_per_second": rate,
        "pytorch_samples_per_second": torch_rate,
        "ratio": rate / torch_rate,
        "fraction_of_peak": median("fraction_of_peak"),
        "cpu_over_wall": min(result["cpu_over_wall"] for result in ours),
        "disturbed": any(result["disturbed"] for result in ours),
        "ballast_turns": [result["samples_per_second"] for result in ours],
        "pytorch_turns": theirs,
        "ballast": version,
        "ballast_engine": ours[0]["engine"],
        "ballast_precision": ours[0]["precision"],
        "ballast_threads": ours[0]["threads"],
        "pytorch": torch.__version__,
        "pytorch_precision": "fp32",
        "pytorch_threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "depth": a.depth,
        "model": a.model,
        "batch": BATCH,
    }


def print_text(r):
    print(f"ballast {r['ballast']} ({r['ballast_engine']}, {r['ballast_precision']}, {r['ballast_threads']} threads): "
          f"{r['ballast_samples_per_second']:.1f} samples a second of {r['model']}, {100 * r['fraction_of_peak']:.0f} % of the machine's peak")
    print(f"PyTorch {r['pytorch']} (eager, {r['pytorch_precision']}, {r['pytorch_threads']} threads, Python {r['python']}): "
          f"{r['pytorch_samples_per_second']:.1f} samples a second of a ResNet-{r['depth']}")
    print(f"ratio of the medians: {r['ratio']:.2f}")
    if r["disturbed"]:
        print(f"the threads had the processor only {100 * r['cpu_over_wall']:.0f} % of the time in one turn: the machine was disturbed, measure again")


if __name__ == "__main__":
    arguments = parse_arguments()
    result = compare(arguments)
    print(json.dumps(result, indent=2)) if arguments.json else print_text(result)
