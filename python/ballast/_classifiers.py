# SPDX-License-Identifier: Apache-2.0
"""What can be smoothed: ONNX files and functions."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, Callable, Optional, Sequence, Tuple, Union

import numpy as np

from . import _ballast
from ._arrays import is_torch, like, to_numpy


class Model(_ballast.Model):
    """An ONNX file that is read once and stays ready between calls.

    It is compiled for the images and the number of threads of the first call, and again where a later call has others.
    Calls from several threads of Python take turns.

    file: the path.
    engine: "onednn", or "aten" where Ballast was built with LibTorch.
    precision: "auto" (bf16 where the processor has it), "fp32" or "bf16".
    layout: how the network takes images: "auto", "chw", "hwc" or "flat".
    input_scale, mean, std: the network wants (pixel * input_scale - mean) / std of pixels in [0, 1]; mean and std by channel,
        empty where it normalises them itself.
    output: which of its outputs holds scores or labels, where several may.
    threshold: of a network with one score an image: the second class is where it is above (default: 0.5 behind a Sigmoid, else 0).
    input_shape: (channels, height, width) of a network that leaves sizes open.
    """

    def __init__(
        self,
        file: Union[str, os.PathLike[str]],
        *,
        engine: str = "onednn",
        precision: str = "auto",
        layout: str = "auto",
        input_scale: float = 1.0,
        mean: Sequence[float] = (),
        std: Sequence[float] = (),
        output: str = "",
        threshold: Optional[float] = None,
        input_shape: Optional[Tuple[int, int, int]] = None,
    ) -> None:
        super().__init__(
            os.fspath(file), engine, precision, layout, input_scale, list(mean), list(std), output, threshold, input_shape or (0, 0, 0)
        )

    def __repr__(self) -> str:
        return f"ballast.Model({self.file!r})"


Classifier = Union[str, "os.PathLike[str]", Model, Callable[[Any], Any]]


def opened(classifier: Classifier) -> Union[Model, Callable[[Any], Any]]:
    """A path as a Model; a Model or a function as it is."""
    if isinstance(classifier, (str, os.PathLike)):
        return Model(classifier)
    if not isinstance(classifier, Model) and not callable(classifier):
        raise TypeError(f"a classifier is the path of an ONNX file, a ballast.Model or a callable, not {type(classifier).__name__}")
    return classifier


def _labels(answer: Any, images: int, classes: int) -> np.ndarray:
    """int32 labels from what a function returned. A NaN score makes the class `classes`, which is never an answer."""
    array = to_numpy(answer)
    if array.shape == (images, classes) and array.dtype.kind in "fiub":
        labels = array.argmax(axis=1).astype(np.int32)
        labels[np.isnan(array).any(axis=1)] = classes
        return labels
    if array.shape != (images,) or array.dtype.kind not in "iu":
        raise ValueError(
            f"the classifier returned {array.dtype} of shape {array.shape} for {images} images; "
            f"whole-numbered labels ({images},) or scores ({images}, {classes}) are needed"
        )
    if images and not 0 <= array.min() <= array.max() < classes:
        raise ValueError(f"the classifier returned labels from {array.min()} to {array.max()}; 0 to {classes - 1} are allowed")
    return array.astype(np.int32)


def without_gradients(function: Any, images: Any) -> contextlib.AbstractContextManager:
    """As networks are used: a module of PyTorch in evaluation mode, and no gradients where PyTorch is at work."""
    torch = sys.modules.get("torch")
    if torch is None:
        return contextlib.nullcontext()
    if isinstance(function, torch.nn.Module):
        function.eval()
    return torch.no_grad() if isinstance(function, torch.nn.Module) or is_torch(images) else contextlib.nullcontext()


def label_function(function: Callable[[Any], Any], images: Any, classes: int) -> Callable[[np.ndarray], np.ndarray]:
    """From float32 batches to int32 labels, by a function that is given batches of what `images` is."""
    convert = like(images)
    return lambda batch: _labels(function(convert(batch)), len(batch), classes)


_COPIES = 8
_SCORE_TOLERANCE = 0.02  # of the largest score: what another size of the batch may change in half precision, and dropout does not stop at


def require_function(function: Callable[[Any], Any], images: Any, image: np.ndarray, scale: float, classes: int, most: int) -> None:
    """Asks for noisy copies of an image (channels x height x width), at most so many at once, twice, and for some of them apart. Raises
    ValueError where the answers differ: certificates are about a function of one image."""
    convert = like(images)
    unit = image.astype(np.float32) / 255 if image.dtype == np.uint8 else image
    noise = np.random.default_rng().standard_normal((min(_COPIES, most), *unit.shape), np.float32)
    copies = unit + np.float32(scale) * noise

    def answers(batch: np.ndarray) -> tuple[np.ndarray, Optional[np.ndarray]]:
        answer = to_numpy(function(convert(batch.copy())))
        scores = answer.astype(np.float64) if answer.shape == (len(batch), classes) else None
        return _labels(answer, len(batch), classes), scores

    def differ(a: tuple[np.ndarray, Optional[np.ndarray]], b: tuple[np.ndarray, Optional[np.ndarray]]) -> bool:
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


def rows(
    classifier: Union[Model, Callable[[Any], Any]],
    images: Any,
    array: np.ndarray,
    labels: Optional[Sequence[int]],
    request: _ballast.Request,
    *,
    seed: Optional[int],
    first: int,
    threads: int,
    classes: Optional[int],
    batch_size: int,
    noise: _ballast.NoiseCache,
    check: bool,
) -> dict[str, np.ndarray]:
    """A row for each image of `array`, which holds the pixels of `images`. Image i is number first + i under the seed."""
    if batch_size < 1:
        raise ValueError(f"batch_size = {batch_size}: must be at least 1")
    if isinstance(classifier, Model):
        return _ballast.rows_by_model(classifier, array, labels, request, seed, first, threads, classes, noise)
    if classes is None:
        raise ValueError("num_classes is required where the classifier is a function")
    if seed is None:
        seed = fresh_seed()
    function = label_function(classifier, images, classes)
    with without_gradients(classifier, images):
        if check and len(array) and classes >= 2:
            require_function(classifier, images, array[0], request.scale, classes, batch_size)
        return _ballast.rows_by_function(function, array, labels, request, seed, first, classes, batch_size, noise)


def fresh_seed() -> int:
    """64 bits that nobody has seen before."""
    return int.from_bytes(os.urandom(8), "little")
