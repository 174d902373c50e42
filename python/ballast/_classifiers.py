# SPDX-License-Identifier: Apache-2.0
"""What can be smoothed: ONNX files and functions."""

from __future__ import annotations

import os
from numbers import Integral
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

from . import _ballast
from ._arrays import Array, Path, existing
from ._batches import batch_function, measured_batch_size, require_function, without_gradients
from ._progress import Progress


class Model(_ballast.Model):
    """An ONNX file that is read once and stays ready between calls.

    It is compiled for the images and the number of threads of the first call, and again where a later call has others.
    Calls from several threads of Python take turns.

    file: the path.
    engine: "onednn", or "aten" where Ballast was built with LibTorch.
    precision: "auto" (bf16 where the processor has it), "fp32", "bf16", or "int8" for a network that is quantised.
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
            os.fspath(existing(file)), engine, precision, layout, input_scale, list(mean), list(std), output, threshold, input_shape or (0, 0, 0)
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


def rows(
    classifier: Union[Model, Callable[[Any], Any]],
    images: Any,
    array: Array,
    labels: Optional[Sequence[int]],
    request: _ballast.Request,
    *,
    seed: Optional[int],
    first: int,
    threads: int,
    classes: Optional[int],
    batch_size: Union[int, str],
    noise: _ballast.NoiseCache,
    check: bool,
    dtype: Any = None,
    log: Optional[Path] = None,
    before: Optional[int] = None,
    progress: Optional[Progress] = None,
) -> Tuple[Dict[str, Array], List[Tuple[str, str]], List[str]]:
    """The columns of a row for each image of `array`, which holds the pixels of `images`, the manifest's entries, and the lines of a log that
    has not been written. Image i is number first + i under the seed."""
    if batch_size != "auto" and not (isinstance(batch_size, Integral) and int(batch_size) >= 1):
        raise ValueError(f"batch_size = {batch_size!r}: must be at least 1, or 'auto'")
    if isinstance(classifier, Model):
        return _ballast.rows_by_model(classifier, array, labels, request, seed, first, threads, classes, noise, log, before, progress)
    if classes is None:
        raise ValueError("num_classes is required where the classifier is a function")
    if seed is None:
        seed = fresh_seed()
    with without_gradients(classifier, images):
        most = measured_batch_size(classifier, images, array.shape[1:], classes, dtype) if isinstance(batch_size, str) else int(batch_size)
        function = batch_function(classifier, images, array.shape[1:], classes, most, dtype)
        if check and len(array) and classes >= 2:
            require_function(function, array[0], request.scale, classes, most)
        return _ballast.rows_by_function(
            function, _name_of(classifier), function.type, array, labels, request, seed, first, classes, most, threads, noise, log, before, progress
        )


def _name_of(function: Callable[[Any], Any]) -> str:
    """As people call it: a function by its own name, an object by its class's."""
    named: Any = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def fresh_seed() -> int:
    """64 bits that nobody has seen before."""
    return int.from_bytes(os.urandom(8), "little")
