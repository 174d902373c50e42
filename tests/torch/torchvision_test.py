#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""torchvision's classifiers as PyTorch exports them: the same scores in Ballast as in PyTorch, and in bf16 the same labels.

    python3 tests/torch/torchvision_test.py BALLAST_PROGRAM          networks that are quick to build and to run
    python3 tests/torch/torchvision_test.py BALLAST_PROGRAM --all    all, in both operator sets: hours, and files of up to 2.6 GB

bench/torchvision_table.py makes the table of docs/models.md by the functions here.
"""

import math
import pathlib
import subprocess
import sys
import tempfile
import unittest
import warnings

sys.dont_write_bytecode = True
try:
    import numpy
    import torch
    from torch import nn
    import torchvision
except ImportError as error:
    print(f"skipped: {error}; on Debian: apt-get install python3-torchvision")
    sys.exit(0)

BALLAST = ""
OPSETS = (13, 17)

# Of the largest score: sums in another order, normalisation joined with the convolution before it, over up to 200 layers.
TOLERANCE = 1e-4

# By how much, in standard deviations of a normal, everything is moved: some layers begin at 0, and would say nothing.
PERTURBATION = 0.05

# What is normalised is raised by so many of its standard deviations.
RAISED = 1

# bf16 must give the label of fp32 for such a share of images, among those whose two best scores differ by such a share of all scores' range.
LABELS_KEPT = 0.98
CLEAR_MARGIN = 0.02

# The shortest side that a network takes and PyTorch exports (pools to a given size must divide), where it is not 32.
SIDES = {"alexnet": 223, "inception_v3": 75, "maxvit_t": 224}
VGG_SIDE = 224
PATCHES = {"vit_b_16": 16, "vit_b_32": 32, "vit_l_16": 16, "vit_l_32": 32, "vit_h_14": 14}

# In all a minute of a core. The others have the same operations, in other numbers.
QUICK = ("resnet18", "squeezenet1_1", "densenet121", "inception_v3", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5",
         "efficientnet_b0", "mnasnet0_5", "regnet_y_400mf", "small_vit", "small_swin", "small_swin_v2", "small_convnext", "small_maxvit")


def small_vit():
    return torchvision.models.VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=4, hidden_dim=64, mlp_dim=128), 32


def small_swin(**blocks):
    return torchvision.models.SwinTransformer(patch_size=[4, 4], embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=[7, 7], **blocks), 64


def small_swin_v2():
    from torchvision.models import swin_transformer
    model, side = small_swin(block=swin_transformer.SwinTransformerBlockV2, downsample_layer=swin_transformer.PatchMergingV2)
    return without_key_bias(model), side


def small_convnext():
    from torchvision.models.convnext import CNBlockConfig
    return torchvision.models.ConvNeXt([CNBlockConfig(32, 64, 2), CNBlockConfig(64, None, 2)]), 32


def small_maxvit():
    return torchvision.models.MaxVit(input_size=(32, 32), stem_channels=16, partition_size=4, block_channels=[16, 32], block_layers=[1, 2],
                                     head_dim=8, stochastic_depth_prob=0.1), 32


SMALL = {"small_vit": small_vit, "small_swin": small_swin, "small_swin_v2": small_swin_v2, "small_convnext": small_convnext,
         "small_maxvit": small_maxvit}


def all_names():
    return torchvision.models.list_models(module=torchvision.models)


def built(name):
    """A network and the side of its images."""
    torch.manual_seed(1)
    if name in SMALL:
        return SMALL[name]()
    side = VGG_SIDE if name.startswith("vgg") else SIDES.get(name, 32)
    options = {}
    if name in PATCHES:
        side = math.ceil(32 / PATCHES[name]) * PATCHES[name]
        options = {"image_size": side}
    if name in ("googlenet", "inception_v3"):
        options = {"init_weights": False}  # theirs takes minutes
    model = torchvision.models.get_model(name, weights=None, **options)
    return without_key_bias(model) if name.startswith("swin_v2") else model, side


def without_key_bias(model):
    """Swin's second version sets a part of a bias to 0 on each call, in place, which PyTorch 1.13 cannot export: no bias then."""
    for layer in model.modules():
        if hasattr(layer, "logit_scale"):
            layer.qkv.bias = None
    return model


def random_images(count, side):
    """Blocks of colours with noise on them: networks that take the mean over all pixels see hardly any difference in noise alone."""
    generator = numpy.random.default_rng(2)
    blocks = generator.random((count, 3, 4, 4), dtype=numpy.float32)
    block = math.ceil(side / 4)
    large = blocks.repeat(block, axis=2).repeat(block, axis=3)[:, :, :side, :side]
    return numpy.ascontiguousarray(0.75 * large + 0.25 * generator.random((count, 3, side, side), dtype=numpy.float32))


def with_moved_weights(model, side):
    """Every parameter and every statistic of normalisation is moved. Statistics are those of some images before, so that no signal is lost, or
    grows beyond all bounds. Normalised values are raised: with half of them below 0, each layer of random weights stretches differences
    between images, and rounding with them, by a fifth, until after fifty layers single precision says nothing. Trained networks do not."""
    generator = torch.Generator().manual_seed(1)

    def move(tensor, factor=1):
        tensor.add_(torch.randn(tensor.shape, generator=generator) * PERTURBATION * factor)

    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    model.eval()
    with torch.no_grad():
        for parameter in model.parameters():
            move(parameter)
        for layer in norms:
            layer.bias.add_(RAISED)
            layer.reset_running_stats()
            layer.momentum = None
            layer.train()
        if norms:
            model(torch.from_numpy(random_images(64 if side < 200 else 8, side)))
        for layer in norms:
            layer.eval()
        variances = {id(layer.running_var) for layer in norms}
        for buffer in model.buffers():
            if id(buffer) in variances:
                buffer.mul_(torch.exp(torch.randn(buffer.shape, generator=generator) * PERTURBATION))
            elif buffer.is_floating_point():
                move(buffer)
    return model


def run(*arguments):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, check=False)


def scores_of_ballast(program, model, images, folder, precision, engine="onednn"):
    """None where the program has no such engine, or the processor no such arithmetic. Throws RuntimeError."""
    data, logits = folder / "images.npz", folder / "logits.npy"
    numpy.savez(data, images=images, labels=numpy.zeros(len(images), dtype=numpy.int64))
    done = run(program, "evaluate", model, data, "--engine", engine, "--precision", precision, "--logits", logits, "--quiet")
    if "has no LibTorch" in done.stderr or "does not multiply bf16" in done.stderr:
        return None
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return numpy.load(logits)


def labels_kept(exact, rounded):
    """How many labels are kept, of how many that are clear."""
    best = numpy.sort(exact, axis=1)
    clear = best[:, -1] - best[:, -2] > CLEAR_MARGIN * (exact.max() - exact.min())
    return int((exact.argmax(1) == rounded.argmax(1))[clear].sum()), int(clear.sum())


def export(model, side, opset, file):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, on sizes that become constants
        torch.onnx.export(model, torch.from_numpy(random_images(2, side)), str(file), input_names=["x"], output_names=["y"],
                          opset_version=opset, dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})


class Torchvision(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def compare(self, name, opsets):
        model, side = built(name)
        model = with_moved_weights(model, side)
        images = random_images(64 if side < 100 else 16, side)
        with torch.no_grad():
            expected = model(torch.from_numpy(images)).numpy()
        largest = abs(expected).max()
        self.assertGreater(expected.std(0).max(), 10 * TOLERANCE * largest, "the scores hardly depend on the image")
        for opset in opsets:
            with self.subTest(opset=opset):
                file = self.folder / "model.onnx"
                export(model, side, opset, file)
                for engine in ("onednn", "aten"):
                    scores = scores_of_ballast(BALLAST, file, images, self.folder, "fp32", engine)
                    if scores is not None:
                        self.assertLess(abs(scores - expected).max(), TOLERANCE * largest, engine)
                rounded = scores_of_ballast(BALLAST, file, images, self.folder, "bf16")
                if rounded is None:
                    continue
                kept, clear = labels_kept(expected, rounded)
                self.assertGreaterEqual(kept, LABELS_KEPT * clear, f"bf16 keeps {kept} of {clear} clear labels")


def add_tests(names, opsets_of):
    for i, name in enumerate(names):
        setattr(Torchvision, f"test_scores_of_{name}", lambda self, name=name, i=i: self.compare(name, opsets_of(i)))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: torchvision_test.py BALLAST_PROGRAM [--all]")
    BALLAST = sys.argv.pop(1)
    if "--all" in sys.argv:
        sys.argv.remove("--all")
        add_tests([*QUICK, *(name for name in all_names() if name not in QUICK)], lambda i: OPSETS)
    else:
        add_tests(QUICK, lambda i: OPSETS[i % 2:][:1])  # in turn
    unittest.main()
