#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Diffusion models as PyTorch exports them, in front of a classifier: the same scores in Ballast as in PyTorch.

    python3 tests/torch/diffusion_unet_test.py BALLAST_PROGRAM

The networks are built like those of improved-diffusion, guided-diffusion and diffusers, only smaller.
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
    from torch.nn import functional
except ImportError as error:
    print(f"skipped: {error}; on Debian: apt-get install python3-torch")
    sys.exit(0)

BALLAST = ""

# Of the largest score: sums in another order.
TOLERANCE = 1e-4

SIDE = 32
SIGMA = 0.25
GROUPS = 4


def linear_signal_levels():
    """abar_t of Ho et al. (2020)."""
    return numpy.cumprod(1 - numpy.linspace(1e-4, 0.02, 1000))


def nearest_timestep(sigma):
    levels = linear_signal_levels()
    return int(numpy.argmin(abs(numpy.log(numpy.sqrt((1 - levels) / levels) / 2 / sigma))))


class Norm32(nn.GroupNorm):
    """Casts, as guided-diffusion does for half precision."""

    def forward(self, x):
        return super().forward(x.float()).type(x.dtype)


def norm(channels):
    return Norm32(GROUPS, channels)


def sines_and_cosines(timesteps, width):
    """The embedding of improved-diffusion."""
    half = width // 2
    frequencies = torch.exp(-math.log(10000) * torch.arange(start=0, end=half, dtype=torch.float32) / half).to(device=timesteps.device)
    angles = timesteps[:, None].float() * frequencies[None]
    return torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)


def flipped_sines_and_cosines(timesteps, width):
    """The embedding of diffusers."""
    half = width // 2
    exponent = -math.log(10000) * torch.arange(start=0, end=half, dtype=torch.float32, device=timesteps.device) / (half - 1)
    angles = timesteps[:, None].float() * torch.exp(exponent)[None, :]
    embedding = torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)
    return torch.cat([embedding[:, half:], embedding[:, :half]], dim=-1)


class ResBlock(nn.Module):
    def __init__(self, channels, out, width, scale_and_shift):
        super().__init__()
        self.scale_and_shift = scale_and_shift
        self.first = nn.Sequential(norm(channels), nn.SiLU(), nn.Conv2d(channels, out, 3, padding=1))
        self.embedding = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * out if scale_and_shift else out))
        self.second = nn.Sequential(norm(out), nn.SiLU(), nn.Dropout(0.1), nn.Conv2d(out, out, 3, padding=1))
        self.skip = nn.Identity() if channels == out else nn.Conv2d(channels, out, 1)

    def forward(self, x, embedding):
        h = self.first(x)
        e = self.embedding(embedding).type(h.dtype)
        while len(e.shape) < len(h.shape):
            e = e[..., None]
        if self.scale_and_shift:
            scale, shift = torch.chunk(e, 2, dim=1)
            h = self.second[1:](self.second[0](h) * (1 + scale) + shift)
        else:
            h = self.second(h + e)
        return self.skip(x) + h


class QkvAttention(nn.Module):
    """Of improved-diffusion and guided-diffusion: heads are rows beside the batch."""

    def __init__(self, channels, heads):
        super().__init__()
        self.heads = heads
        self.norm, self.qkv, self.out = norm(channels), nn.Conv1d(channels, 3 * channels, 1), nn.Conv1d(channels, channels, 1)

    def forward(self, x):
        b, c, *spatial = x.shape
        x = x.reshape(b, c, -1)
        qkv = self.qkv(self.norm(x))
        qkv = qkv.reshape(b * self.heads, -1, qkv.shape[2])
        width = qkv.shape[1] // 3
        q, k, v = torch.split(qkv, width, dim=1)
        scale = 1 / math.sqrt(math.sqrt(width))
        weight = torch.einsum("bct,bcs->bts", q * scale, k * scale)
        weight = torch.softmax(weight.float(), dim=-1).type(weight.dtype)
        h = torch.einsum("bts,bcs->bct", weight, v)
        h = h.reshape(b, -1, h.shape[-1])
        return (x + self.out(h)).reshape(b, c, *spatial)


class HeadsToBatchAttention(nn.Module):
    """Of diffusers: one linear layer each, products of batches of matrices."""

    def __init__(self, channels, heads):
        super().__init__()
        self.heads, self.scale = heads, (channels // heads) ** -0.5
        self.norm = norm(channels)
        self.q, self.k, self.v, self.out = (nn.Linear(channels, channels) for _ in range(4))

    def heads_to_batch(self, x):
        b, length, width = x.shape
        x = x.reshape(b, length, self.heads, width // self.heads).permute(0, 2, 1, 3)
        return x.reshape(b * self.heads, length, width // self.heads)

    def batch_to_heads(self, x):
        b, length, width = x.shape
        x = x.reshape(b // self.heads, self.heads, length, width).permute(0, 2, 1, 3)
        return x.reshape(b // self.heads, length, width * self.heads)

    def forward(self, x):
        b, c, height, width = x.shape
        h = self.norm(x.view(b, c, height * width)).transpose(1, 2)
        q, k, v = (self.heads_to_batch(layer(h)) for layer in (self.q, self.k, self.v))
        empty = torch.empty(q.shape[0], q.shape[1], k.shape[1], dtype=q.dtype, device=q.device)
        weight = torch.baddbmm(empty, q, k.transpose(-1, -2), beta=0, alpha=self.scale).softmax(dim=-1)
        h = self.out(self.batch_to_heads(torch.bmm(weight, v)))
        return h.transpose(-1, -2).reshape(b, c, height, width) + x


class UNet(nn.Module):
    """Two resolutions, attention at the lower one; predicts noise, and a variance that is not used."""

    def __init__(self, diffusers, heads, scale_and_shift, pooled=False, channels=8):
        super().__init__()
        self.diffusers, self.channels = diffusers, channels
        width, c = 4 * channels, channels
        attention = HeadsToBatchAttention if diffusers else QkvAttention
        self.time = nn.Sequential(nn.Linear(c, width), nn.SiLU(), nn.Linear(width, width))
        self.first = nn.Conv2d(3, c, 3, padding=1)
        self.above = ResBlock(c, c, width, scale_and_shift)
        self.down = nn.AvgPool2d(4, 4) if pooled else nn.Conv2d(c, c, 3, stride=4, padding=0 if diffusers else 1)
        self.below = ResBlock(c, 2 * c, width, scale_and_shift)
        self.attention = attention(2 * c, heads)
        self.middle = ResBlock(2 * c, 2 * c, width, scale_and_shift)
        self.behind = ResBlock(4 * c, 2 * c, width, scale_and_shift)
        self.up = nn.Conv2d(2 * c, 2 * c, 3, padding=1)
        self.last = ResBlock(3 * c, c, width, scale_and_shift)
        self.out = nn.Sequential(norm(c), nn.SiLU(), nn.Conv2d(c, 6, 3, padding=1))

    def embed(self, x, timesteps):
        if not self.diffusers:
            return sines_and_cosines(timesteps, self.channels)
        return flipped_sines_and_cosines(timesteps * torch.ones(x.shape[0], dtype=timesteps.dtype), self.channels)

    def forward(self, x, timesteps):
        e = self.time(self.embed(x, timesteps))
        above = self.above(self.first(x), e)
        below = self.below(self.down(functional.pad(above, (0, 1, 0, 1)) if self.diffusers else above), e)
        h = self.middle(self.attention(below), e)
        h = self.behind(torch.cat([h, below], dim=1), e)
        h = self.up(functional.interpolate(h, scale_factor=4.0, mode="nearest"))
        return self.out(self.last(torch.cat([h, above], dim=1), e))


def classifier():
    return nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AvgPool2d(3), nn.Flatten(), nn.Linear(200, 10))


def with_random_weights(model):
    """None is left at its default, and attention is not the mean over all places."""
    torch.manual_seed(1)
    for layer in model.modules():
        if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight)
            layer.bias.data.normal_(0, 0.2)
        if isinstance(layer, nn.GroupNorm):
            layer.weight.data.uniform_(0.5, 2)
            layer.bias.data.normal_(0, 0.5)
    return model.eval()


def random_images(count):
    blocks = numpy.random.default_rng(2).integers(0, 256, (count, 3, 8, 8), dtype=numpy.uint8)
    return blocks.repeat(SIDE // 8, axis=2).repeat(SIDE // 8, axis=3)


def denoised(unet, images, clip):
    """Carlini et al. (2023): one step from the timestep whose noise is SIGMA."""
    timestep = nearest_timestep(SIGMA)
    signal = float(linear_signal_levels()[timestep])
    noisy = math.sqrt(signal) * (2 * images - 1)
    noise = unet(noisy, torch.full((len(images),), timestep))[:, :3]
    clean = ((noisy - math.sqrt(1 - signal) * noise) / math.sqrt(signal) + 1) / 2
    return clean.clamp(0, 1) if clip else clean


def run(*arguments):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, check=False)


class DiffusionUNet(unittest.TestCase):
    def setUp(self):
        warnings.simplefilter("ignore")  # of the tracer, on sizes that become constants
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def exported(self, model, name, inputs, opset, open_batch):
        file, names = self.folder / name, ["x", "timesteps"][:len(inputs)]
        axes = {key: {0: "batch"} for key, value in zip(names, inputs) if len(value) > 1} if open_batch else None
        torch.onnx.export(model, inputs, str(file), input_names=names, output_names=["y"], opset_version=opset, dynamic_axes=axes)
        return file

    def composed(self, unet, model, opset, open_batch, *options):
        count = 2 if open_batch else 1  # a batch of 2, so that no size of it is taken for one of the network's
        timesteps = torch.zeros(1 if unet.diffusers else count, dtype=torch.long)
        images = torch.zeros(count, 3, SIDE, SIDE)
        front = self.exported(unet, "unet.onnx", (images, timesteps), opset, open_batch)
        behind = self.exported(model, "classifier.onnx", (images,), opset, open_batch)
        out = self.folder / "composed.onnx"
        done = run(BALLAST, "compose", front, behind, out, "--diffusion", "linear", "--sigma", SIGMA, "--timestep", "timesteps",
                   "--predicts", "noise", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return out

    def scores_of_ballast(self, model, images, engine):
        numpy.savez(self.folder / "images.npz", images=images, labels=numpy.zeros(len(images), dtype=numpy.int64))
        logits = self.folder / "logits.npy"
        done = run(BALLAST, "evaluate", model, self.folder / "images.npz", "--engine", engine, "--precision", "fp32", "--logits", logits,
                   "--quiet")
        if engine == "aten" and "has no LibTorch" in done.stderr:
            return None
        self.assertEqual(done.returncode, 0, done.stderr)
        return numpy.load(logits)

    def compare(self, unet, opset, open_batch, clip=False):
        model, images = with_random_weights(classifier()), random_images(5)
        unet = with_random_weights(unet)
        with torch.no_grad():
            pixels = torch.from_numpy(images).float() / 255
            expected, undenoised = model(denoised(unet, pixels, clip)).numpy(), model(pixels).numpy()
        largest = abs(expected).max()
        self.assertGreater(expected.std(0).max(), 100 * TOLERANCE * largest, "the scores hardly depend on the image")
        self.assertGreater(abs(expected - undenoised).max(), 100 * TOLERANCE * largest, "the scores hardly depend on the denoiser")
        out = self.composed(unet, model, opset, open_batch, *(["--clip"] if clip else []))
        for engine in ("onednn", "aten"):
            scores = self.scores_of_ballast(out, images, engine)
            if scores is not None:
                self.assertLess(abs(scores - expected).max(), TOLERANCE * largest, engine)

    def test_scores_behind_a_network_like_those_of_improved_diffusion(self):
        for opset, open_batch in ((12, False), (17, True)):
            with self.subTest(opset=opset, open_batch=open_batch):
                self.compare(UNet(False, heads=4, scale_and_shift=False), opset, open_batch)

    def test_scores_behind_a_network_like_those_of_guided_diffusion(self):
        self.compare(UNet(False, heads=2, scale_and_shift=True, pooled=True), 13, True, clip=True)

    def test_scores_behind_a_network_like_those_of_diffusers(self):
        for opset, heads, open_batch in ((11, 1, True), (13, 4, True), (17, 4, False)):
            with self.subTest(opset=opset, heads=heads, open_batch=open_batch):
                self.compare(UNet(True, heads, scale_and_shift=False), opset, open_batch)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: diffusion_unet_test.py BALLAST_PROGRAM")
    BALLAST = sys.argv.pop(1)
    unittest.main()
