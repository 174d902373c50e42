#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How much of the time a function of Python's is kept busy, and how certifying it compares with the usual loop.

    PYTHONPATH=build/plain/python bench/python_function.py

- Stand-ins for networks on a GPU: functions that sleep as long as it would take, 30,000 images of 3x32x32 and 3,000 of 3x224x224 a second.
  Printed is the share of the time that they slept. Noise is all there is to do, on --threads threads.
- A ResNet-20 of PyTorch on this processor: the share of the time that was not its own forward pass; and, where the paper's loop (noise by
  torch.randn_like, one batch after another) is run in turns with ballast.Smooth, the ratio of their samples a second.
"""

import argparse
import statistics
import sys
import time

try:
    import numpy as np
    import torch
    from torch import nn

    import ballast
except ImportError as missing:
    print(f"python_function: {missing}; build with -DBALLAST_PYTHON=ON and set PYTHONPATH to the build's folder python", file=sys.stderr)
    sys.exit(2)

SIGMA, ALPHA, SELECTION, CLASSES = 0.25, 0.001, 100, 10


class Timed:
    """Counts the seconds that a function takes."""

    def __init__(self, function):
        self.function = function
        self.seconds = 0.0

    def __call__(self, batch):
        start = time.perf_counter()
        answer = self.function(batch)
        self.seconds += time.perf_counter() - start
        return answer


def sleeper(rate, answer):
    def function(batch):
        time.sleep(len(batch) / rate)
        return answer(len(batch))

    return function


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                                  nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x):
        return torch.relu(self.body(x) + self.skip(x))


def resnet20():
    torch.manual_seed(1)
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for outputs, stride in ((16, 1), (32, 2), (64, 2)):
        for block in range(3):
            layers.append(Block(channels, outputs, stride if block == 0 else 1))
            channels = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES)).eval()


def usual_loop(network, x, n0, n, batch):
    """CERTIFY's sampling as scripts do it: votes of n0 and of n samples."""
    def votes(samples):
        counts = np.zeros(CLASSES, dtype=int)
        with torch.no_grad():
            while samples > 0:
                now = min(batch, samples)
                samples -= now
                copies = x.repeat((now, 1, 1, 1))
                counts += np.bincount(network(copies + torch.randn_like(copies) * SIGMA).argmax(1).numpy(), minlength=CLASSES)
        return counts

    return votes(n0), votes(n)


def busy(side, rate, n, batch, threads, tensors):
    image = np.random.default_rng(1).integers(0, 256, (3, side, side), dtype=np.uint8)
    answer = (lambda count: torch.zeros(count, CLASSES)) if tensors else (lambda count: np.zeros((count, CLASSES), np.float32))
    function = Timed(sleeper(rate, answer))
    smooth = ballast.Smooth(function, CLASSES, SIGMA, seed=1, threads=threads, check=False)
    x = torch.from_numpy(image) if tensors else image
    start = time.perf_counter()
    smooth.certify(x, SELECTION, n, ALPHA, batch)
    return function.seconds / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=0, help="that make noise (default: all cores)")
    parser.add_argument("--n", type=int, default=10_000, help="samples of the network on this processor (default 10000)")
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()

    for side, rate, n, batch in ((32, 30_000, 100_000, 1000), (224, 3_000, 10_000, 250)):
        shares = [busy(side, rate, n, batch, a.threads, tensors=True) for _ in range(a.rounds)]
        print(f"3x{side}x{side}, {rate:,} images/s: busy {statistics.median(shares):.3f} (from {min(shares):.3f} to {max(shares):.3f})", flush=True)

    x = torch.rand(3, 32, 32)
    network = Timed(resnet20())
    smooth = ballast.Smooth(network, CLASSES, SIGMA, seed=1, threads=a.threads, check=False)
    outside, ratios = [], []
    with torch.no_grad():
        for _ in range(a.rounds):
            network.seconds = 0
            start = time.perf_counter()
            smooth.certify(x, SELECTION, a.n, ALPHA, 1000)
            ours = time.perf_counter() - start
            outside.append(1 - network.seconds / ours)
            start = time.perf_counter()
            usual_loop(network.function, x, SELECTION, a.n, 1000)
            ratios.append((time.perf_counter() - start) / ours)
    print(f"ResNet-20 on this processor: {statistics.median(outside):.3f} of the time is outside the network; "
          f"{statistics.median(ratios):.3f} times the samples a second of the usual loop")


if __name__ == "__main__":
    main()
