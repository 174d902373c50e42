# SPDX-License-Identifier: Apache-2.0
"""Ballast's noise by PyTorch's operations, on the device where the images are."""

from __future__ import annotations

from typing import Dict, Sequence, Tuple, Union

import numpy as np
import torch

from . import _ballast

PURPOSES: Dict[str, int] = {"selection": 1, "estimation": 2, "prediction": 3, "evaluation": 4, "training": 5}

_WORD = (1 << 32) - 1
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_LOWER = 1  # the section of the lower 32 bits


def _product(multiplier: int, words: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """The upper and lower 32 bits of a product of 32-bit words, which int64 does not hold."""
    upper = (multiplier * (words >> 16) + (multiplier * (words & 0xFFFF) >> 16)) >> 16
    return upper, multiplier * words & _WORD


def _philox(counter: Sequence[torch.Tensor], seed: int) -> Tuple[torch.Tensor, ...]:
    """Philox 4x32-10 (Salmon et al. 2011): four words, as int64, for each of the counters, which are broadcast."""
    x0, x1, x2, x3 = counter
    key = [seed & _WORD, seed >> 32]
    for _ in range(10):
        upper0, lower0 = _product(_MULTIPLIERS[0], x0)
        upper1, lower1 = _product(_MULTIPLIERS[1], x2)
        x0, x1, x2, x3 = upper1 ^ x1 ^ key[0], lower1, upper0 ^ x3 ^ key[1], lower0
        key = [(k + step) & _WORD for k, step in zip(key, _KEY_STEPS)]
    return x0, x1, x2, x3


def _lower_words(seed: int, pixel: torch.Tensor, sample: torch.Tensor, image: torch.Tensor, purpose: int) -> torch.Tensor:
    words = torch.stack(_philox(((pixel >> 2) + (_LOWER << 30), sample, image, torch.full_like(image, purpose)), seed))
    return words.gather(0, (pixel & 3)[None])[0]


def grid_noise(
    images: torch.Tensor,
    sigma: float,
    seed: int,
    image_numbers: Sequence[int],
    first_sample: int,
    samples: int,
    purpose: Union[str, int],
) -> torch.Tensor:
    """The noise that Ballast adds to 8-bit pixels, equal to the bit: whole steps of 1/255.

    images: images x channels x height x width, for their shape and device. image_numbers: the number of each under the seed.
    Returns int32, images x samples x channels x height x width: samples first_sample, first_sample + 1, ... of the purpose ("selection",
    "estimation", "prediction", "evaluation", "training"). `(pixel + noise) / 255` is what a classifier is given; nothing is clipped.
    Raises ValueError for what is not allowed.
    """
    if images.ndim != 4:
        raise ValueError(f"images have the shape {tuple(images.shape)}; images x channels x height x width are needed")
    if len(image_numbers) != len(images) or not all(0 <= number <= _WORD for number in image_numbers):
        raise ValueError(f"image_numbers: one from 0 to {_WORD} for each of the {len(images)} images is needed")
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"seed = {seed}: must be from 0 to 2^64 - 1")
    if not 0 <= first_sample <= first_sample + samples <= 1 << 32:
        raise ValueError(f"samples {first_sample} to {first_sample + samples}: allowed are 0 to 2^32")
    if purpose not in PURPOSES and purpose not in PURPOSES.values():
        raise ValueError(f"purpose = {purpose!r}: allowed are {', '.join(PURPOSES)}")
    of = PURPOSES[purpose] if isinstance(purpose, str) else purpose
    smallest, thresholds = _ballast.grid_thresholds(sigma)
    device, size = images.device, images[0].numel() if len(images) else 0

    def whole(values: object) -> torch.Tensor:
        return torch.as_tensor(values, dtype=torch.int64, device=device)

    block = torch.arange((size + 3) // 4, device=device)
    sample = torch.arange(first_sample, first_sample + samples, device=device)
    number = whole(list(image_numbers))
    words = torch.stack(_philox((block, sample[:, None], number[:, None, None], whole(of)), seed), -1)
    upper = words.flatten(-2)[..., :size].contiguous()
    halves = whole((thresholds >> np.uint64(32)).astype(np.int64))
    below, up_to = torch.searchsorted(halves, upper), torch.searchsorted(halves, upper, right=True)
    # Where the upper half is a threshold's, the lower one decides. With the first bit turned, int64 has the order of whole 64-bit numbers.
    tied = (below != up_to).nonzero(as_tuple=True)
    if len(tied[0]):
        lower = _lower_words(seed, tied[2], sample[tied[1]], number[tied[0]], of)
        bits = (upper[tied] ^ 1 << 31) << 32 | lower
        below[tied] = torch.searchsorted(whole((thresholds ^ np.uint64(1 << 63)).view(np.int64)), bits, right=True)
    return (below + smallest).to(torch.int32).reshape(len(images), samples, *images.shape[1:])
