#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Training throughput of `ballast train` beside PyTorch: the same network, batch, precision and threads, in one run.

    bench/train_throughput.py BALLAST_PROGRAM [--depth 14] [--batch 128] [--steps 60] [--threads 2] [--precision fp32] [--rounds 3]

Both do the whole step on 1x28x28 images: Gaussian noise, forward, backward, SGD with momentum and weight decay. PyTorch gets what
its users would give it: channels-last, its images in memory, one call for the noise. Ballast also moves and mirrors images, draws its
noise on the 8-bit grid and counts right answers. The rounds alternate, so that a noisy machine is noisy to both; the medians' ratio counts.
Needs python3-torch and python3-numpy.
"""
import argparse
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        self.shortcut = nn.Sequential()
        if stride != 1 or before != channels:
            self.shortcut = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return torch.relu(self.second(self.first(x)) + self.shortcut(x))


def resnet(depth, classes=10):
    layers = [nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    before = 16
    for stage in range(3):
        for block in range((depth - 2) // 6):
            layers.append(Block(before, 16 << stage, 2 if stage > 0 and block == 0 else 1))
            before = 16 << stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def torch_rate(images, labels, a):
    torch.set_num_threads(a.threads)
    network = resnet(a.depth).to(memory_format=torch.channels_last)
    descent = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    start = time.perf_counter()
    for step in range(a.steps):
        batch = slice(step * a.batch, (step + 1) * a.batch)
        x = images[batch] + 0.25 * torch.randn_like(images[batch])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.precision == "bf16"):
            scores = network(x.to(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(scores.float(), labels[batch])
        descent.zero_grad(set_to_none=True)
        loss.backward()
        descent.step()
    return a.steps * a.batch / (time.perf_counter() - start)


def ballast_rate(file, folder, a):
    model = Path(folder) / "model.onnx"
    done = subprocess.run([a.program, "train", str(file), f"resnet{a.depth}", str(model), "--split", "test", "--sigma", "0.25",
                           "--epochs", "1", "--batch", str(a.batch), "--validation", "0", "--threads", str(a.threads),
                           "--precision", a.precision], check=True, capture_output=True, text=True)
    return float(re.findall(r"(\d+) images/s", done.stderr)[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--depth", type=int, default=14)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()

    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (a.steps * a.batch, 1, 28, 28), dtype=np.uint8)
    labels = random.integers(0, 10, a.steps * a.batch)
    rates = {"torch": [], "ballast": []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npz"
        np.savez(file, images=pixels, labels=labels)
        floats = torch.from_numpy(pixels).float().div(255).contiguous(memory_format=torch.channels_last)
        for _ in range(a.rounds):
            rates["torch"].append(torch_rate(floats, torch.from_numpy(labels), a))
            rates["ballast"].append(ballast_rate(file, folder, a))
    for name, all_rates in rates.items():
        print(f"{name:8} {statistics.median(all_rates):8.0f} images/s   ({', '.join(f'{rate:.0f}' for rate in all_rates)})")
    print(f"ratio    {statistics.median(rates['ballast']) / statistics.median(rates['torch']):8.3f}")


if __name__ == "__main__":
    main()
