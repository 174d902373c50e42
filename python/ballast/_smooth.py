# SPDX-License-Identifier: Apache-2.0
"""The interface of the reference implementation of randomized smoothing."""

from __future__ import annotations

import itertools
from typing import Any, Dict, Optional, Tuple

from . import _ballast
from ._arrays import Array, pixels
from ._classifiers import Classifier, fresh_seed, opened, rows


class Smooth:
    """A smoothed classifier g, as `core.Smooth` of the reference implementation (Cohen, Rosenfeld and Kolter 2019).

    g(x) is the class that the base classifier f most probably gives to x + N(0, sigma^2 I). An image x is
    channels x height x width: a tensor of PyTorch on any device, a NumPy array, or whatever has the array protocol or DLPack.
    Floats are taken as they are and get float noise; uint8 pixels stand for pixel / 255 and get noise that is exact on the
    8-bit grid.

    base_classifier: the path of an ONNX file, a ballast.Model, or any callable: from a batch of images (batch x channels x
        height x width) to labels (batch) or scores (batch x num_classes; a NaN makes the vote count for no class). A callable
        gets float tensors of x's device and type, without gradients, where x is a tensor; else float32 NumPy arrays. An ONNX
        model wants pixels of 0 to 1.
    num_classes: of the base classifier, at least 2.
    sigma: standard deviation of the noise, in the units of the pixels.
    seed: None for fresh noise at every call, as in the reference implementation. With a seed the calls are numbered from 0 and
        each draws noise of its own under (seed, number), so the same calls give the same answers. Copies of one object in
        several processes would draw the same noise: give each a seed of its own.
    threads: of an ONNX model, or that make noise for a callable; 0 is one a core. They never change the answer.
    dtype: the type of float, of PyTorch or NumPy, in which a callable gets its images; None: x's own, and float32 for uint8 ones.
    check: before its first answer a callable is asked for a few noisy copies of the image twice, in part and alone, and refused where it
        answers otherwise (dropout, batch normalisation in training mode): it is no function of an image then.
    """

    ABSTAIN = -1

    def __init__(self, base_classifier: Classifier, num_classes: int, sigma: float, *, seed: Optional[int] = None, threads: int = 0, check: bool = True, dtype: Optional[Any] = None) -> None:
        self.base_classifier = opened(base_classifier)
        self.num_classes = num_classes
        self.sigma = sigma
        self.seed = seed
        self.threads = threads
        self.dtype = dtype
        self._unchecked = check
        self._calls = itertools.count()
        self._noise = _ballast.NoiseCache()

    def __repr__(self) -> str:
        return f"ballast.Smooth({self.base_classifier!r}, {self.num_classes}, {self.sigma})"

    def certify(self, x: Any, n0: int, n: int, alpha: float, batch_size: int) -> Tuple[int, float]:
        """CERTIFY: with probability at least 1 - alpha over the noise, the class returned is g's at every point within the l2
        radius around x, or the answer is (Smooth.ABSTAIN, 0.0).

        n0: samples to guess the class; n: samples to bound its probability; batch_size: images that a callable gets at once.
        Returns (class, radius); the radius is in the units of the pixels. An exception of a callable comes through as it is.
        """
        request = _ballast.certify_request(
            sigma=self.sigma,
            lambda_=None,
            noise="auto",
            n0=n0,
            n=n,
            alpha=alpha,
            family_wise=False,
            radii=[],
            tolerance=None,
            anytime=False,
            gain=None,
            target=None,
            futility=None,
            bound="cohen",
            selection="split",
        )
        row = self._row(x, request, min(batch_size, max(n0, n)))
        return int(row["predict"][0]), float(row["radius"][0])

    def predict(self, x: Any, n: int, alpha: float, batch_size: int) -> int:
        """PREDICT: with probability at least 1 - alpha over the noise, the class returned is g(x), or the answer is Smooth.ABSTAIN.

        n: samples; batch_size: images that a callable gets at once.
        """
        request = _ballast.predict_request(sigma=self.sigma, lambda_=None, noise="auto", n=n, alpha=alpha)
        return int(self._row(x, request, min(batch_size, n))["predict"][0])

    def _row(self, x: Any, request: _ballast.Request, batch_size: int) -> Dict[str, Array]:
        image = pixels(x)
        if image.ndim != 3:
            raise ValueError(f"x has shape {image.shape}; one image, channels x height x width, is needed")
        seed, number = (fresh_seed(), 0) if self.seed is None else (self.seed, next(self._calls))
        check, self._unchecked = self._unchecked, False
        columns, _, _ = rows(
            self.base_classifier,
            x,
            image[None],
            None,
            request,
            seed=seed,
            first=number,
            threads=self.threads,
            classes=self.num_classes,
            batch_size=batch_size,
            noise=self._noise,
            check=check,
            dtype=self.dtype,
        )
        return columns
