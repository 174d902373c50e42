# SPDX-License-Identifier: Apache-2.0
"""Images that come one after another, or batch by batch."""

from __future__ import annotations

from typing import Any, Iterator, List, Tuple

import numpy as np

from ._arrays import is_torch, to_numpy


def comes_in_parts(images: Any) -> bool:
    """Whether this is no array, but what yields images with labels: a data set or a loader of PyTorch's, a list or generator of pairs."""
    is_array = is_torch(images) or hasattr(images, "__array__") or hasattr(images, "__dlpack__")
    if is_array or isinstance(images, (str, bytes)):
        return False
    if isinstance(images, (list, tuple)):
        return bool(images) and isinstance(images[0], (list, tuple)) and len(images[0]) == 2
    return hasattr(images, "__iter__") or (hasattr(images, "__getitem__") and hasattr(images, "__len__"))


def _pixels_of(image: Any) -> Any:
    """An image of Pillow's as channels x height x width; others as they are."""
    if not (hasattr(image, "getbands") and hasattr(image, "convert")):
        return image
    array = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    return np.ascontiguousarray(array[None] if array.ndim == 2 else array.transpose(2, 0, 1))


def _items(images: Any) -> Iterator[Any]:
    """Data sets of PyTorch's need not be iterable, and need not end with an IndexError."""
    if hasattr(images, "__getitem__") and hasattr(images, "__len__"):
        return (images[i] for i in range(len(images)))
    return iter(images)


def parts(images: Any) -> Iterator[Tuple[Any, List[int]]]:
    """Images (a batch of them, at least 1) and labels, part by part. Raises ValueError for anything else."""
    for number, item in enumerate(_items(images)):
        if not isinstance(item, (list, tuple)) or len(item) != 2:
            raise ValueError(f"images: part {number} is no pair of images and labels, but {type(item).__name__}")
        given, labels = _pixels_of(item[0]), to_numpy(item[1])
        dimensions = getattr(given, "ndim", None)
        if dimensions == 3 and labels.ndim == 0:
            given, labels = given[None], labels[None]
        if dimensions not in (3, 4) or labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) != len(given):
            shape = getattr(given, "shape", type(given).__name__)
            raise ValueError(f"images: part {number} has images {tuple(shape) if not isinstance(shape, str) else shape} and labels {labels.shape}; "
                             "channels x height x width and a whole number, or as many of each, are needed")
        if len(labels):
            yield given, [int(label) for label in labels]
