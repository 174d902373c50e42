# SPDX-License-Identifier: Apache-2.0
"""What the tests work on."""

import os
import pathlib
import unittest

import numpy as np

import ballast

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
NETWORK = REPOSITORY / "models" / "fashion-mnist-0.25.onnx"
KNOWN_ANSWERS = REPOSITORY.parent / "shared" / "reference" / "statistics.tsv"

# Allowed probability that a statistical test fails by chance.
FALSE_ALARM = 1e-6


def program():
    """The ballast program: $BALLAST_PROGRAM, or the one of the build that the package is of."""
    path = pathlib.Path(os.environ.get("BALLAST_PROGRAM") or pathlib.Path(ballast.__file__).parents[2] / "ballast")
    if not path.is_file():
        raise unittest.SkipTest(f"{path} is not there; BALLAST_PROGRAM names another")
    return path


def images(count, seed=0):
    """count x 1 x 28 x 28 bytes: rough shapes of which the network is not always sure."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, 1, 4, 4))
    return coarse.repeat(7, axis=2).repeat(7, axis=3).astype(np.uint8)


def threshold(score):
    """Classes 0 and 1 by the image's only pixel, which is 0.5 before the noise: 0 with probability Phi(score / sigma)."""
    return lambda batch: (np.asarray(batch)[:, 0, 0, 0] >= 0.5 + score).astype(np.int64)


DOT = np.full((1, 1, 1), 0.5, np.float32)
