# SPDX-License-Identifier: Apache-2.0
"""Functions on batches of noisy images, and their votes."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any, Callable, Dict, Iterator, Optional, Tuple, Union

import numpy as np

from ._arrays import Array, is_torch, to_numpy


def _labels(answer: Any, images: int, classes: int) -> Array:
    """int32 labels from what a function returned. A NaN score makes the class `classes`, which is never an answer."""
    array = to_numpy(answer)
    if array.shape == (images, classes) and array.dtype.kind in "fiub":
        labels: Array = array.argmax(axis=1).astype(np.int32)
        labels[np.isnan(array).any(axis=1)] = classes
        return labels
    if array.shape != (images,) or array.dtype.kind not in "iu":
        raise ValueError(
            f"the classifier returned {array.dtype} of shape {array.shape} for {images} images; "
            f"whole-numbered labels ({images},) or scores ({images}, {classes}) are needed"
        )
    if images and not 0 <= array.min() <= array.max() < classes:
        raise ValueError(f"the classifier returned labels from {array.min()} to {array.max()}; 0 to {classes - 1} are allowed")
    labels = array.astype(np.int32)
    return labels


@contextlib.contextmanager
def without_gradients(function: Any, images: Any) -> Iterator[None]:
    """As networks are used: a module of PyTorch in evaluation mode, which it leaves again, and no gradients where PyTorch is at work."""
    torch = sys.modules.get("torch")
    is_module = torch is not None and isinstance(function, torch.nn.Module)
    if torch is None or not (is_module or is_torch(images)):
        yield
        return
    in_training = [module for module in function.modules() if module.training] if is_module else []
    try:
        if is_module:
            function.eval()
        with torch.no_grad():
            yield
    finally:
        for module in in_training:
            module.training = True


class _ArrayFunction:
    """A function of NumPy arrays, as the extension calls it."""

    def __init__(self, function: Callable[[Any], Any], shape: Tuple[int, ...], classes: int, batch_size: int, dtype: Any) -> None:
        self.function = function
        self.classes = classes
        self._shape = (batch_size, *shape)
        self._dtype = np.dtype(np.float32 if dtype is None else dtype)
        if self._dtype.kind != "f":
            raise ValueError(f"dtype = {self._dtype}: a type of floats is needed")

    @property
    def type(self) -> str:
        """Of the images that the function gets."""
        return str(self._dtype)

    def answer(self, batch: Array) -> Any:
        """What the function says of float32 images."""
        return self.function(batch.astype(self._dtype, copy=False))

    def buffer(self) -> Array:
        return np.empty(self._shape, np.float32)

    def start(self, array: Array, count: int) -> Array:
        return _labels(self.answer(array[:count]), count, self.classes)

    def votes(self, started: Array) -> Array:
        return np.bincount(started, minlength=self.classes + 1)


class _TensorFunction:
    """A function of PyTorch's tensors on the device of `images`, which counts there: votes of one batch are asked for when the next one
    is on its way."""

    def __init__(self, function: Callable[[Any], Any], images: Any, shape: Tuple[int, ...], classes: int, batch_size: int, dtype: Any) -> None:
        import torch

        self.function = function
        self.classes = classes
        self._torch: Any = torch
        self._whole_numbers = (torch.int8, torch.int16, torch.int32, torch.int64)
        self._shape = (batch_size, *shape)
        self._device = images.device
        self._dtype = dtype if dtype is not None else images.dtype if images.dtype.is_floating_point else torch.float32
        if not isinstance(self._dtype, torch.dtype) or not self._dtype.is_floating_point:
            raise ValueError(f"dtype = {self._dtype}: a type of PyTorch's floats is needed")
        batch = images if images.ndim == 4 else images[None]
        self._channels_last = batch.is_contiguous(memory_format=torch.channels_last) and not batch.is_contiguous()

    @property
    def type(self) -> str:
        """Of the images that the function gets."""
        return str(self._dtype).removeprefix("torch.")

    def answer(self, batch: Array) -> Any:
        """What the function says of float32 images."""
        format_ = self._torch.channels_last if self._channels_last else self._torch.contiguous_format
        return self.function(self._torch.from_numpy(batch).to(self._device, self._dtype, memory_format=format_))

    def buffer(self) -> Array:
        stored = np.uint16 if self._dtype == self._torch.bfloat16 else np.float32
        images, channels, height, width = self._shape
        sizes = (images, height, width, channels) if self._channels_last else self._shape
        if self._device.type == "cuda":  # copied to the device while other work goes on, which needs memory that stays in its place
            array = self._torch.empty(sizes, dtype=self._torch.int16 if stored == np.uint16 else self._torch.float32, pin_memory=True).numpy()
        else:
            array = np.empty(sizes, stored)
        images_first: Array = array.view(stored)
        return images_first.transpose(0, 3, 1, 2) if self._channels_last else images_first

    def start(self, array: Array, count: int) -> Tuple[Any, Any, int]:
        torch = self._torch
        images = torch.from_numpy(array[:count].view(np.int16)).view(torch.bfloat16) if array.dtype == np.uint16 else torch.from_numpy(array[:count])
        answer = self.function(images.to(self._device, self._dtype, non_blocking=True))
        return self._counted(answer, count), answer, count

    def _counted(self, answer: Any, count: int) -> Any:
        """Votes, on the answer's device where they can be had there. What is no label there counts for nothing."""
        labels = None
        if is_torch(answer) and answer.shape == (count, self.classes) and answer.dtype.is_floating_point:
            labels = answer.argmax(1).masked_fill(answer.isnan().any(1), self.classes)
        elif is_torch(answer) and answer.shape == (count,) and answer.dtype in self._whole_numbers:
            labels = answer.masked_fill(answer == self.classes, -1)  # that one is for NaN
        if labels is None:
            return np.bincount(_labels(answer, count, self.classes), minlength=self.classes + 1)
        # bincount has no deterministic form on a GPU.
        return (labels[:, None] == self._torch.arange(self.classes + 1, device=labels.device)).sum(0)

    def votes(self, started: Tuple[Any, Any, int]) -> Array:
        counted, answer, count = started
        votes = to_numpy(counted)
        if votes.sum() != count:
            _labels(answer, count, self.classes)  # says what is wrong
        return votes


BatchFunction = Union[_ArrayFunction, _TensorFunction]


def batch_function(
    function: Callable[[Any], Any], images: Any, shape: Tuple[int, ...], classes: int, batch_size: int, dtype: Any
) -> BatchFunction:
    """A function that is given batches of what `images` is, at most so many images of this shape at once; in this type, None for theirs."""
    if is_torch(images):
        return _TensorFunction(function, images, shape, classes, batch_size, dtype)
    return _ArrayFunction(function, shape, classes, batch_size, dtype)


_MOST_BYTES = 1 << 28  # of a batch of float32
_MOST_IMAGES = 4096
_SECONDS = 0.1  # that a size is tried for
_AS_GOOD = 0.95  # of the best rate


def measured_batch_size(function: Callable[[Any], Any], images: Any, shape: Tuple[int, ...], classes: int, dtype: Any) -> int:
    """The smallest power of 2 from 16 on at which the function is about as fast as it gets within the memory that a batch may take."""
    rates: Dict[int, float] = {}
    size = 16
    while size <= _MOST_IMAGES and (size == 16 or size * int(np.prod(shape)) * 4 <= _MOST_BYTES):
        tried: Any = batch_function(function, images, shape, classes, size, dtype)
        batch = tried.buffer()
        batch[...] = 0
        try:
            tried.votes(tried.start(batch, size))  # the first call prepares what later ones have
            start, calls = time.perf_counter(), 0
            while calls == 0 or time.perf_counter() - start < _SECONDS:
                tried.votes(tried.start(batch, size))
                calls += 1
        except (MemoryError, RuntimeError) as error:
            if not rates or not (isinstance(error, MemoryError) or "out of memory" in str(error)):
                raise
            break
        rates[size] = calls * size / (time.perf_counter() - start)
        if rates[size] < _AS_GOOD * max(rates.values()):
            break
        size *= 2
    return next(size for size, rate in rates.items() if rate >= _AS_GOOD * max(rates.values()))


_COPIES = 8
_SCORE_TOLERANCE = 0.02  # of the largest score: what another size of the batch may change in half precision, and dropout does not stop at


def require_function(function: BatchFunction, image: Array, scale: float, classes: int, most: int) -> None:
    """Asks for noisy copies of an image (channels x height x width), at most so many at once, twice, and for some of them apart. Raises
    ValueError where the answers differ: certificates are about a function of one image."""
    unit = image.astype(np.float32) / 255 if image.dtype == np.uint8 else image
    noise = np.random.default_rng().standard_normal((min(_COPIES, most), *unit.shape), np.float32)
    copies = unit + np.float32(scale) * noise

    def answers(batch: Array) -> tuple[Array, Optional[Array]]:
        answer = to_numpy(function.answer(batch.copy()))
        scores = answer.astype(np.float64) if answer.shape == (len(batch), classes) else None
        return _labels(answer, len(batch), classes), scores

    def differ(a: tuple[Array, Optional[Array]], b: tuple[Array, Optional[Array]]) -> bool:
        if a[1] is None or b[1] is None:
            return int((a[0] != b[0]).sum()) > 1  # one may lie on the edge between two classes
        if not np.array_equal(np.isnan(a[1]), np.isnan(b[1])):
            return True
        both = np.isfinite(a[1]) & np.isfinite(b[1])
        largest = np.abs(a[1][both]).max(initial=0)
        return bool((np.abs(a[1] - b[1])[both] > _SCORE_TOLERANCE * largest).any())

    whole, again = answers(copies), answers(copies)

    def differs_from_first(some: int) -> bool:
        return differ((whole[0][:some], None if whole[1] is None else whole[1][:some]), answers(copies[:some]))

    when = ""
    if differ(whole, again):
        when = "the second time"
    elif differs_from_first((len(copies) + 1) // 2) or differs_from_first(1):
        when = "in a smaller batch"
    if when:
        raise ValueError(
            f"the classifier answers the same images otherwise {when}: it is no function of an image, and nothing can be certified of it "
            "(dropout or batch normalisation in training mode? eval() ends it; check=False goes on all the same)"
        )
