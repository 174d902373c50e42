# SPDX-License-Identifier: Apache-2.0
"""What callers give: arrays of any library, and paths."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any, Union

import numpy as np

Array = np.ndarray[Any, Any]
Path = Union[str, "os.PathLike[str]"]


def existing(path: Path) -> Path:
    """The path. Raises FileNotFoundError where nothing is there."""
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    return path


def is_torch(value: Any) -> bool:
    """Whether this is a tensor of PyTorch, which is not imported for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _from_torch(tensor: Any) -> Array:
    import torch

    tensor = tensor.detach()
    array: Array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).cpu().numpy()
    return array


def to_numpy(value: Any) -> Array:
    """A tensor of PyTorch on any device, or what the array protocol or DLPack makes an array of; without a copy where that can be."""
    if is_torch(value):
        return _from_torch(value)
    if not hasattr(value, "__array__") and hasattr(value, "__dlpack__"):
        return np.from_dlpack(value)
    return np.asarray(value)


def pixels(value: Any) -> Array:
    """uint8 as it is, floats as float32, in C order. Raises ValueError for other types."""
    array = to_numpy(value)
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype.kind != "f":
        raise ValueError(f"images: their type is {array.dtype}; uint8 or floats are needed")
    return np.ascontiguousarray(array, dtype=np.float32)
