#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/export_torch.py: checkpoints become models that give the same scores in Ballast as in PyTorch.

    python3 tests/torch/export_torch_test.py BALLAST_PROGRAM
"""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
try:
    import numpy
    import torch
except ImportError as error:
    print(f"skipped: {error}; on Debian: apt-get install python3-torch")
    sys.exit(0)

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "export_torch.py"
BALLAST = ""

# Of the largest score: sums in another order, batch normalisation joined with the convolution before it.
TOLERANCE = 1e-4


def tool_module():
    spec = importlib.util.spec_from_file_location("export_torch", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL_MODULE = tool_module()


def random_model(arch, seed):
    """A network whose statistics and weights all differ from their defaults, and in which an image's signal is not lost."""
    torch.manual_seed(seed)
    model = TOOL_MODULE.build(arch).eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.2)
            layer.running_var.uniform_(0.5, 1.5)
            layer.weight.data.uniform_(0.5, 1)
            layer.bias.data.normal_(0, 0.2)
    return model


def random_images(count, side):
    """Blocks of colours, since networks that take the mean over all pixels see hardly any difference in noise."""
    blocks = numpy.random.default_rng(2).integers(0, 256, (count, 3, 4, 4), dtype=numpy.uint8)
    return blocks.repeat(side // 4, axis=2).repeat(side // 4, axis=3)


def scores_of_torch(model, images):
    with torch.no_grad():
        return model(torch.from_numpy(images).float() / 255).numpy()


def reference_state(model, prefix="1."):
    """What the reference implementation saves: its normalisation has no tensors."""
    return {name.replace("1.", prefix, 1): value for name, value in model.state_dict().items() if not name.startswith("0.")}


def run(*arguments):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, check=False)


class ExportTorch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def saved(self, checkpoint, name="checkpoint.pth.tar"):
        torch.save(checkpoint, self.folder / name)
        return self.folder / name

    def exported(self, checkpoint, *options):
        out = self.folder / "model.onnx"
        done = run(sys.executable, TOOL, self.saved(checkpoint), out, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return out

    def scores_of_ballast(self, model, images):
        numpy.savez(self.folder / "images.npz", images=images, labels=numpy.zeros(len(images), dtype=numpy.int64))
        logits = self.folder / "logits.npy"
        done = run(BALLAST, "evaluate", model, self.folder / "images.npz", "--precision", "fp32", "--logits", logits, "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        return numpy.load(logits)

    def compare(self, model, arch, state, images):
        expected = scores_of_torch(model, images)
        largest = abs(expected).max()
        self.assertGreater(expected.std(0).max(), 100 * TOLERANCE * largest, "the scores hardly depend on the image")
        scores = self.scores_of_ballast(self.exported({"epoch": 1, "arch": arch, "state_dict": state}), images)
        self.assertLess(abs(scores - expected).max(), TOLERANCE * largest)

    def test_scores_of_a_cifar_network(self):
        model = random_model("cifar_resnet20", 1)
        self.compare(model, "cifar_resnet20", reference_state(model), random_images(200, 32))

    def test_scores_of_an_imagenet_network_trained_in_parallel(self):
        model = random_model("resnet50", 1)
        self.compare(model, "resnet50", reference_state(model, "1.module."), random_images(4, 224))

    def test_networks_are_those_of_the_papers(self):
        # Parameters: torchvision's documentation (resnet50), and the sums of the layers in He et al. (2016) with projections.
        for arch, parameters in (("cifar_resnet20", 272474), ("cifar_resnet110", 1730714), ("resnet50", 25557032)):
            self.assertEqual(sum(p.numel() for p in TOOL_MODULE.build(arch).parameters()), parameters, arch)

    def test_normalisation_is_that_of_the_reference_implementation(self):
        for arch, means, deviations in (("cifar_resnet20", [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
                                        ("resnet50", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])):
            layer = TOOL_MODULE.build(arch)[0]
            pixels = torch.tensor(means).reshape(1, 3, 1, 1) + torch.tensor(deviations).reshape(1, 3, 1, 1)
            self.assertLess(abs(layer(pixels) - 1).max(), 1e-6, arch)  # float rounding

    def test_resnet50_has_its_strides_in_the_3x3_convolutions(self):
        out = self.exported({"arch": "resnet50", "state_dict": reference_state(random_model("resnet50", 1))})
        done = run(BALLAST, "inspect", out, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = json.loads(done.stdout)
        self.assertEqual(shown["input"], [-1, 3, 224, 224])
        self.assertEqual(shown["multiply_adds"], 4089184256)  # torchvision's documentation: 4.09 GFLOPs; elsewhere 3.86

    def test_names_are_those_of_the_reference_implementation(self):
        names = reference_state(random_model("cifar_resnet20", 1), "1.module.")
        for name in ("conv1.weight", "bn1.running_var", "layer1.2.conv2.weight", "layer2.0.downsample.0.weight", "layer3.0.downsample.1.bias",
                     "fc.bias"):
            self.assertIn(f"1.module.{name}", names)
        names = reference_state(random_model("resnet50", 1))
        for name in ("layer1.0.downsample.0.weight", "layer4.2.conv3.weight", "layer3.5.bn3.running_mean"):
            self.assertIn(f"1.{name}", names)

    def test_saved_means_and_deviations_count(self):
        model = random_model("cifar_resnet20", 1)
        model[0].means += 0.25
        model[0].sds *= 2
        state = {name: value.reshape(-1) if name.startswith("0.") else value for name, value in model.state_dict().items()}
        self.compare(model, "cifar_resnet20", state, random_images(20, 32))

    def test_old_checkpoints_without_counters_and_without_a_name(self):
        state = reference_state(random_model("cifar_resnet20", 1))
        without = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
        self.assertLess(len(without), len(state))
        first = self.exported({"arch": "cifar_resnet20", "state_dict": state}, "--dataset", "cifar10").read_bytes()
        self.assertEqual(self.exported({"state_dict": without}, "--arch", "cifar_resnet20").read_bytes(), first)

    def refused(self, part, *arguments):
        out = self.folder / "refused.onnx"
        done = run(sys.executable, TOOL, *(arguments or (self.folder / "checkpoint.pth.tar", out)))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(part, done.stderr)
        self.assertEqual(list(self.folder.glob("refused.onnx*")), [])

    def test_names_and_shapes_that_do_not_fit_are_named(self):
        state = reference_state(random_model("cifar_resnet20", 1))
        self.saved({"arch": "cifar_resnet20", "state_dict": {n: v for n, v in state.items() if n != "1.fc.bias"}})
        self.refused("does not hold 1.fc.bias, which cifar_resnet20 has")
        self.saved({"arch": "cifar_resnet20", "state_dict": {**state, "1.extra.weight": torch.zeros(1)}})
        self.refused("holds 1.extra.weight, which cifar_resnet20 does not have")
        self.saved({"arch": "cifar_resnet20", "state_dict": {**state, "1.fc.bias": torch.zeros(11)}})
        self.refused("1.fc.bias is [11], but cifar_resnet20 needs [10]")
        self.saved({"arch": "cifar_resnet110", "state_dict": state})
        self.refused("more, which cifar_resnet110 has")
        self.saved({"arch": "cifar_resnet20", "state_dict": {**state, "0.means": torch.zeros(2)}})
        self.refused("0.means is")

    def test_wrong_checkpoints_are_refused_in_one_line(self):
        state = reference_state(random_model("cifar_resnet20", 1))
        self.saved({"arch": "vgg", "state_dict": state})
        self.refused("its architecture is vgg; allowed are cifar_resnet20, cifar_resnet110, resnet50")
        self.saved({"state_dict": state})
        self.refused("give --arch")
        self.saved({"state_dict": {"a": 1}, "arch": "cifar_resnet20"})
        self.refused("no table of tensors")
        self.saved([1, 2])
        self.refused("no checkpoint with a state_dict")
        for junk in (b"", b"no checkpoint\n", (self.folder / "checkpoint.pth.tar").read_bytes()[:100]):
            (self.folder / "checkpoint.pth.tar").write_bytes(junk)
            self.refused("is no checkpoint that PyTorch reads")

    def test_wrong_arguments_are_refused_in_one_line(self):
        good = self.saved({"arch": "cifar_resnet20", "state_dict": reference_state(random_model("cifar_resnet20", 1))})
        out = self.folder / "refused.onnx"
        self.refused("cannot be read", self.folder / "absent.pth", out)
        self.refused("cannot be written", good, self.folder / "absent" / "refused.onnx")
        self.refused("--dataset imagenet: cifar_resnet20 is for cifar10", good, out, "--dataset", "imagenet")
        self.refused("--arch resnet50", good, out, "--arch", "resnet50")
        self.refused("invalid choice", good, out, "--arch", "vgg")
        self.refused("required", good)

    def test_no_code_of_a_checkpoint_is_run(self):
        marker = self.folder / "marker"

        class Trap:
            def __reduce__(self):
                return (pathlib.Path.touch, (marker,))

        self.saved({"arch": "cifar_resnet20", "state_dict": {}, "trap": Trap()})
        self.refused("is no checkpoint that PyTorch reads")
        self.assertFalse(marker.exists())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: export_torch_test.py BALLAST_PROGRAM")
    BALLAST = sys.argv.pop(1)
    unittest.main()
