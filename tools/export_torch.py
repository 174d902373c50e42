#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a checkpoint of the reference implementation of randomized smoothing (Cohen, Rosenfeld and Kolter 2019) into ONNX.

The networks are the residual ones of He et al. (2016), written here from the papers under the names that such checkpoints
use. The data set's normalisation is the ONNX graph's first layer, so that the model takes pixels in [0, 1].

Needs PyTorch (Debian: python3-torch; from PyTorch 2 on python3-onnx too).
"""

import argparse
import inspect
import os
import pickle
import sys

try:
    import torch
    from torch import nn
except ImportError:
    print("export_torch.py: PyTorch is missing; on Debian: apt-get install python3-torch", file=sys.stderr)
    sys.exit(2)

OPSET = 13


class Refusal(Exception):
    """What is wrong with the input, in one line."""


def first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0]


# Networks.


class Normalisation(nn.Module):
    """(pixel - mean) / deviation by channel."""

    def __init__(self, means, deviations):
        super().__init__()
        self.register_buffer("means", torch.tensor(means).reshape(1, -1, 1, 1))
        self.register_buffer("sds", torch.tensor(deviations).reshape(1, -1, 1, 1))

    def forward(self, x):
        return (x - self.means) / self.sds


def convolution(inputs, outputs, size, stride=1):
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)


class Block(nn.Module):
    """What is common to residual blocks: the branch, which subclasses give, and a shortcut that is projected where sizes change."""

    expansion = 1

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.relu = nn.ReLU()
        outputs = width * self.expansion
        self.downsample = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return self.relu(self.branch(x) + self.downsample(x))


class BasicBlock(Block):
    """Two 3x3 convolutions (He et al., figure 2)."""

    def __init__(self, inputs, width, stride):
        super().__init__(inputs, width, stride)
        self.conv1, self.bn1 = convolution(inputs, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = convolution(width, width, 3), nn.BatchNorm2d(width)

    def branch(self, x):
        return self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))


class Bottleneck(Block):
    """1x1, 3x3, 1x1 (He et al., figure 5); the 3x3 convolution has the stride, as in torchvision."""

    expansion = 4

    def __init__(self, inputs, width, stride):
        super().__init__(inputs, width, stride)
        self.conv1, self.bn1 = convolution(inputs, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = convolution(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = convolution(width, 4 * width, 1), nn.BatchNorm2d(4 * width)

    def branch(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        return self.bn3(self.conv3(self.relu(self.bn2(self.conv2(y)))))


class ResNet(nn.Module):
    """A stem, stages of residual blocks layer1, layer2, ..., the mean over the pixels, and a linear layer."""

    def __init__(self, block, stem, width, depths, classes):
        super().__init__()
        self.conv1, self.bn1, self.relu = stem, nn.BatchNorm2d(stem.out_channels), nn.ReLU()
        inputs = stem.out_channels
        self.stages = [f"layer{i + 1}" for i in range(len(depths))]
        for i, (stage, depth) in enumerate(zip(self.stages, depths)):
            blocks = []
            for j in range(depth):
                blocks.append(block(inputs, width << i, 2 if i > 0 and j == 0 else 1))
                inputs = (width << i) * block.expansion
            self.add_module(stage, nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, classes)

    def after_stem(self, x):
        return x

    def forward(self, x):
        y = self.after_stem(self.relu(self.bn1(self.conv1(x))))
        for stage in self.stages:
            y = getattr(self, stage)(y)
        return self.fc(nn.functional.adaptive_avg_pool2d(y, 1).flatten(1))


class ImageNetResNet(ResNet):
    """With a maximum over 3x3 pixels behind the stem."""

    def after_stem(self, x):
        return nn.functional.max_pool2d(x, 3, 2, 1)


def cifar_resnet(depth):
    return ResNet(BasicBlock, convolution(3, 16, 3), 16, [(depth - 2) // 6] * 3, 10)


# Data sets: the side of an image, and the means and deviations of the reference implementation.
DATASETS = {
    "cifar10": (32, [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
    "imagenet": (224, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
}

# Networks by the names in checkpoints: the data set they are for, and how they are built.
ARCHITECTURES = {
    "cifar_resnet20": ("cifar10", lambda: cifar_resnet(20)),
    "cifar_resnet110": ("cifar10", lambda: cifar_resnet(110)),
    "resnet50": ("imagenet", lambda: ImageNetResNet(Bottleneck, convolution(3, 64, 7, 2), 64, [3, 4, 6, 3], 1000)),
}


def build(arch):
    """The network of that name behind its normalisation, numbered 1 and 0 as in checkpoints."""
    dataset, network = ARCHITECTURES[arch]
    _, means, deviations = DATASETS[dataset]
    return nn.Sequential(Normalisation(means, deviations), network())


# Checkpoints.


def load(path):
    """The file's contents; no code in it is run where PyTorch can tell (from 1.13 on)."""
    options = {"map_location": "cpu"}
    if "weights_only" in inspect.signature(torch.load).parameters:
        options["weights_only"] = True
    try:
        return torch.load(path, **options)
    except OSError as error:
        raise Refusal(f"{path}: cannot be read: {error.strerror or error}") from error
    except (RuntimeError, ValueError, KeyError, EOFError, AttributeError, pickle.UnpicklingError) as error:
        raise Refusal(f"{path}: is no checkpoint that PyTorch reads: {first_line(error)}") from error


def own_name(name):
    """The name without the prefixes that DataParallel leaves."""
    return ".".join(part for part in name.split(".") if part != "module")


def is_counter(name):
    """Whether that only counts batches, which old checkpoints do not hold and nothing reads."""
    return name.endswith("num_batches_tracked")


def few(names):
    names = sorted(names)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def fill(model, state, path, arch):
    """Loads a checkpoint's tensors into the model; each of the model's must be there, in its shape, and no other.

    The means and deviations may be absent: the reference implementation does not save them.
    """
    if not isinstance(state, dict) or not all(isinstance(name, str) and torch.is_tensor(value) for name, value in state.items()):
        raise Refusal(f"{path}: its state_dict is no table of tensors by name")
    given = {own_name(name): value for name, value in state.items() if not is_counter(name)}
    wanted = {name: value for name, value in model.state_dict().items() if not is_counter(name)}
    missing = [name for name in wanted if name not in given and not name.startswith("0.")]
    unknown = [name for name in given if name not in wanted]
    if missing:
        raise Refusal(f"{path}: does not hold {few(missing)}, which {arch} has")
    if unknown:
        raise Refusal(f"{path}: holds {few(unknown)}, which {arch} does not have")
    for name, value in given.items():
        if name.startswith("0."):
            value = given[name] = value.reshape(1, -1, 1, 1)
        if value.shape != wanted[name].shape:
            raise Refusal(f"{path}: {name} is {list(value.shape)}, but {arch} needs {list(wanted[name].shape)}")
    model.load_state_dict(given, strict=False)


def arch_of(checkpoint, path, asked):
    found = checkpoint.get("arch")
    if asked is not None and found is not None and asked != found:
        raise Refusal(f"--arch {asked}: {path} is of {found}")
    arch = asked or found
    if arch is None:
        raise Refusal(f"{path}: does not say its architecture; give --arch {', '.join(ARCHITECTURES)}")
    if arch not in ARCHITECTURES:
        raise Refusal(f"{path}: its architecture is {arch}; allowed are {', '.join(ARCHITECTURES)}")
    return arch


def read_model(path, asked_arch=None, asked_dataset=None):
    """The model in the checkpoint, in use (not training), and the side of its images."""
    checkpoint = load(path)
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise Refusal(f"{path}: is no checkpoint with a state_dict")
    arch = arch_of(checkpoint, path, asked_arch)
    dataset = ARCHITECTURES[arch][0]
    if asked_dataset not in (None, dataset):
        raise Refusal(f"--dataset {asked_dataset}: {arch} is for {dataset}")
    model = build(arch)
    fill(model, checkpoint["state_dict"], path, arch)
    return model.eval(), DATASETS[dataset][0]


# ONNX.


def export(model, side, path):
    """Writes the model, whose batch may have any size. The file appears whole or not at all."""
    options = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    partial = f"{path}.partial.{os.getpid()}"
    try:
        torch.onnx.export(
            model, torch.zeros(1, 3, side, side), partial, opset_version=OPSET, input_names=["image"], output_names=["scores"],
            dynamic_axes={"image": {0: "batch"}, "scores": {0: "batch"}}, **options)
        os.replace(partial, path)
    except OSError as error:
        raise Refusal(f"{path}: cannot be written: {error.strerror or error}") from error
    except (ImportError, RuntimeError) as error:
        raise Refusal(f"{path}: PyTorch cannot write ONNX (from 2 on it needs python3-onnx): {first_line(error)}") from error
    finally:
        if os.path.exists(partial):
            os.remove(partial)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refusal(message)


def main(arguments):
    parser = Parser(prog="export_torch.py", description="A checkpoint of the reference implementation of randomized smoothing as ONNX.")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="what torch.save wrote: arch and state_dict")
    parser.add_argument("out", metavar="OUT.onnx")
    parser.add_argument("--dataset", choices=DATASETS, help="checked against the architecture, which tells it")
    parser.add_argument("--arch", choices=ARCHITECTURES, help="for checkpoints that do not name theirs")
    try:
        given = parser.parse_args(arguments)
        model, side = read_model(given.checkpoint, given.arch, given.dataset)
        export(model, side, given.out)
    except Refusal as refusal:
        print(f"export_torch.py: {refusal}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
