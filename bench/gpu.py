#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ballast on a GPU beside the usual loop, in one run.

    bench/gpu.py BALLAST [--device cuda] [--n 100000]

For each network (CIFAR's ResNet-110 and ImageNet's ResNet-50, random weights; the same in both), one image is certified by CERTIFY with n
samples: by the usual loop in PyTorch (fp32, noise by torch.randn_like on the device, one batch after another) and by the program
BALLAST on the device in each precision. Printed are samples a second, and the ratio. Then checks, which must hold:

- counts of the program on the device and on the processor, in fp32, differ in few votes of a thousand;
- a second run on the device makes the same row;
- ballast.torch.grid_noise on the device equals the processor's to the bit (where the package `ballast` can be imported).
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as missing:
    print(f"gpu.py: {missing}; a Python with torch is needed", file=sys.stderr)
    sys.exit(2)

SIGMA, ALPHA, SELECTION = 0.25, 0.001, 100
CHECKED_SAMPLES, MOST_OTHER_VOTES = 1000, 20


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


def layer(inputs, outputs, kernel, stride=1, active=True):
    parts = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]
    return parts + [nn.ReLU(inplace=True)] if active else parts


def shortcut(inputs, outputs, stride):
    return nn.Identity() if inputs == outputs and stride == 1 else nn.Sequential(*layer(inputs, outputs, 1, stride, False))


def cifar_resnet(depth):
    parts, channels = layer(3, 16, 3), 16
    for stage, outputs in enumerate((16, 32, 64)):
        for block in range((depth - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            body = nn.Sequential(*layer(channels, outputs, 3, stride), *layer(outputs, outputs, 3, 1, False))
            parts.append(Residual(body, shortcut(channels, outputs, stride)))
            channels = outputs
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def resnet50():
    parts, channels = layer(3, 64, 7, 2) + [nn.MaxPool2d(3, 2, 1)], 64
    for stage, (inner, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            body = nn.Sequential(*layer(channels, inner, 1), *layer(inner, inner, 3, stride), *layer(inner, 4 * inner, 1, 1, False))
            parts.append(Residual(body, shortcut(channels, 4 * inner, stride)))
            channels = 4 * inner
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


NETWORKS = {
    "resnet8": (lambda: cifar_resnet(8), 32, 1000),
    "resnet110": (lambda: cifar_resnet(110), 32, 1000),
    "resnet50": (resnet50, 224, 200),
}


def made(name):
    """The network with statistics of its own, so that its labels are not all the same; and its image."""
    torch.manual_seed(1)
    build, side, batch = NETWORKS[name]
    network = build()
    image = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (3, side, side), dtype=np.uint8))
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(image.float() / 255 + torch.randn(16, *image.shape) * SIGMA)
    return network.eval(), image, batch


def model_file(network, image, folder, name):
    """ONNX where this PyTorch writes it, else TorchScript."""
    example = torch.zeros(2, *image.shape)
    file = folder / f"{name}.onnx"
    try:
        extra = {} if "dynamo" not in torch.onnx.export.__code__.co_varnames else {"dynamo": False}
        torch.onnx.export(network, example, str(file), input_names=["x"], dynamic_axes={"x": {0: "batch"}}, opset_version=14, **extra)
    except Exception as error:  # pylint: disable=broad-except  # whatever keeps it from writing
        print(f"{name}: no ONNX ({str(error).splitlines()[0]}); TorchScript instead")
        file = folder / f"{name}.pt"
        torch.jit.trace(network, example).save(str(file))
    return file


def usual_loop(network, x, n, batch, classes):
    counts = np.zeros(classes, dtype=int)
    with torch.no_grad():
        for samples in (SELECTION, n):
            while samples > 0:
                now = min(batch, samples)
                samples -= now
                copies = x.repeat((now, 1, 1, 1))
                labels = network(copies + torch.randn_like(copies) * SIGMA).argmax(1).cpu().numpy()
                counts += np.bincount(labels, minlength=classes)
    return counts


class Program:
    def __init__(self, file, folder):
        self.file, self.folder, self.runs = file, folder, 0

    def row(self, model, images, n, *options):
        """A row's counts, and the seconds that it says it took."""
        self.runs += 1
        log = self.folder / f"run{self.runs}.tsv"
        command = [self.file, "certify", model, images, log, "--sigma", str(SIGMA), "--n0", str(SELECTION), "--n", str(n),
                   "--alpha", str(ALPHA), "--max", "1", "--quiet", *options]
        subprocess.run([str(word) for word in command], check=True)
        head, row = log.read_text().splitlines()[:2]
        values = dict(zip(head.split("\t"), row.split("\t")))
        return {key: value for key, value in values.items() if key != "time"}, seconds_of(values["time"])


def seconds_of(text):
    """Of h:mm:ss.ssssss, or seconds."""
    total = 0.0
    for part in text.split(":"):
        total = 60 * total + float(part)
    return total


def measure(name, program, a, folder):
    network, image, batch = made(name)
    model = model_file(network, image, folder, name)
    images = folder / f"{name}.npz"
    np.savez(images, images=image.numpy()[None], labels=np.zeros(1, np.int64))
    device = torch.device(a.device.split(",")[0])
    network, x = network.to(device), image.float().to(device) / 255
    classes = network(x[None]).shape[1]
    usual_loop(network, x, batch, batch, classes)  # kernels are chosen and memory is taken
    loop = []
    for _ in range(a.rounds):
        start = time.perf_counter()
        usual_loop(network, x, a.n, batch, classes)
        loop.append(a.n / (time.perf_counter() - start))
    print(f"{name}: the usual loop, fp32: {statistics.median(loop):,.0f} samples a second", flush=True)
    for precision in a.precisions.split(","):
        options = ["--device", a.device, "--precision", precision] if device.type == "cuda" else ["--engine", "aten"]
        rates = [a.n / program.row(model, images, a.n, *options)[1] for _ in range(a.rounds)]
        ratio = statistics.median(rates) / statistics.median(loop)
        print(f"{name}: ballast, {precision}: {statistics.median(rates):,.0f} samples a second, {ratio:.2f} times", flush=True)
    return model, images


def check(program, model, images, a):
    options = ["--device", a.device, "--precision", "fp32"] if a.device != "cpu" else ["--engine", "aten"]
    there, _ = program.row(model, images, CHECKED_SAMPLES, *options)
    again, _ = program.row(model, images, CHECKED_SAMPLES, *options)
    here, _ = program.row(model, images, CHECKED_SAMPLES, "--engine", "onednn", "--precision", "fp32")
    failures = 0
    if there != again:
        failures += 1
        print(f"FAILED: a second run makes another row: {there} and {again}")
    votes = [{part.split(":")[0]: int(part.split(":")[1]) for part in row.get("counts", "").replace(",", " ").split() if ":" in part} for row in (there, here)]
    other = sum(abs(votes[0].get(label, 0) - votes[1].get(label, 0)) for label in {*votes[0], *votes[1]}) // 2
    print(f"{other} of {CHECKED_SAMPLES} votes are others than the processor's; a second run makes the same row: {there == again}")
    return failures + (other > MOST_OTHER_VOTES)


def check_noise(device):
    try:
        import ballast.torch as noise  # pylint: disable=import-outside-toplevel
    except ImportError as missing:
        print(f"noise by torch operations: not checked ({missing})")
        return 0
    images = torch.zeros(2, 3, 32, 32)
    for sigma in (0.12, 0.25, 1.0):
        one, other = (noise.grid_noise(images.to(at), sigma, 5, [0, 7], 3, 500, "estimation").cpu() for at in (device, "cpu"))
        if not torch.equal(one, other):
            print(f"FAILED: noise of sigma {sigma} differs")
            return 1
    print("noise by torch operations: equal to the bit on the device and the processor")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="BALLAST", help="a full build's program")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:0,1; cpu tries this script itself")
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", default="resnet110,resnet50", help=", ".join(NETWORKS))
    parser.add_argument("--precisions", default="bf16,fp16,fp32")
    a = parser.parse_args()
    if a.device != "cpu" and not torch.cuda.is_available():
        print("gpu.py: PyTorch finds no GPU", file=sys.stderr)
        sys.exit(2)
    print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name() if a.device != 'cpu' else 'processor'}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = Program(a.program, folder)
        failures = 0
        for network in a.networks.split(","):
            model, images = measure(network, program, a, folder)
            failures += check(program, model, images, a)
    failures += check_noise(a.device.split(",")[0])
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
