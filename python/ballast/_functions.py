# SPDX-License-Identifier: Apache-2.0
"""Many images at once."""

from __future__ import annotations

import json
import os
from typing import Any, Iterable, List, Optional, Union

import numpy as np

from . import _ballast
from ._arrays import Path, pixels, to_numpy
from ._classifiers import Classifier, opened, rows
from ._loaders import comes_in_parts, parts
from ._logs import read_manifest
from ._progress import shown
from ._result import Result


def certify(
    model: Classifier,
    images: Any,
    labels: Optional[Any] = None,
    *,
    sigma: Optional[float] = None,
    lambda_: Optional[float] = None,
    n: int = 100_000,
    n0: int = 100,
    alpha: float = 0.001,
    family_wise: bool = False,
    radii: Optional[Iterable[float]] = None,
    tolerance: Optional[float] = None,
    anytime: bool = False,
    gain: Optional[float] = None,
    target: Optional[str] = None,
    futility: Optional[float] = None,
    bound: str = "cohen",
    selection: str = "split",
    noise: str = "auto",
    seed: Optional[int] = None,
    first: int = 0,
    threads: int = 0,
    num_classes: Optional[int] = None,
    batch_size: Union[int, str] = 1000,
    check: bool = True,
    dtype: Optional[Any] = None,
    log: Optional[Path] = None,
    progress: Optional[bool] = None,
) -> Result:
    """Certifies each image: with probability at least 1 - alpha, its answer holds for every perturbation within its radius.

    model: the path of an ONNX file, a ballast.Model, or a callable as for ballast.Smooth (then num_classes is needed).
    images: images x channels x height x width, or images x height x width; uint8, or floats, which for an ONNX model lie in [0, 1]. Or
        what yields images with labels: a torch.utils.data.DataLoader or Dataset, any iterable of pairs (images, labels) or (image, label).
    labels: whole numbers, one an image; None where they are not known.
    sigma: standard deviation of Gaussian noise, in the units of the pixels; the radii are l2 radii.
    lambda_: scale of noise "uniform", "laplace" or "split"; the radii are l1 radii.
    n, n0: samples to bound the class's probability, and to guess the class. alpha: allowed probability that a certificate is
        wrong; with family_wise, that any is.
    radii: certify at these radii only, with as few samples as it takes (n at most). tolerance: a radius about this share below
        that of n samples, likewise. anytime: a radius that holds after any number of samples, with gain until it is about
        this share below that of n samples. target: the class that these three test, "label" (the image's own; the default where
        there are labels) or "predicted" (the one of n0 samples). futility: the power that they give up to stop early (0.01).
    bound: "cohen", or "pb" for a bound on the runner-up of its own. selection: "split", or "none": the n samples choose the class too.
    noise: "auto" (exact on the 8-bit grid for uint8 images, else float), "grid", "gaussian", "uniform", "laplace" or "split".
    seed: None derives it from the model, the images and the noise, as long as the model is a file, so that the same call gives
        the same answers; for a callable the noise is then fresh. Image i is number first + i under the seed, as in the program.
    first: the number of the first image. Who certifies a test set in several calls under one seed passes the number of images
        certified before: images of the same number get the same draws, and then bounds on the test set do not hold.
    threads: of an ONNX model, or that make noise for a callable; 0 is one a core. They never change the answer.
    batch_size: images that a callable gets at once; "auto" measures how many make it about as fast as it gets, which the settings then say and
        a log goes on with. With radii, tolerance or anytime the answer depends on it, as votes are looked at by the batch.
    dtype: the type of float, of NumPy or PyTorch, in which a callable gets its images; None: that of `images`, and float32 for uint8 ones.
    check: a callable is asked first for a few noisy copies of the first image, twice, in part and alone, and refused where it answers
        otherwise: with dropout or batch normalisation in training mode it is no function of an image, and nothing can be certified of it.
    log: a file that gets each row as soon as it is there, with its manifest beside it, as the program writes them; where it is there already
        and was made by the same call, its rows are kept and the rest is done.
    progress: None shows it where standard error is a terminal or a notebook's, by tqdm where that is installed.

    Returns a Result, the columns of a log as NumPy arrays of one entry an image, ready for pandas.DataFrame: idx, label, predict (-1:
    abstained), radius, correct, time (seconds), p_lower, n (samples drawn), count (votes of the class tested), runner_up (-1:
    NaN scores), runner_up_count, selection and counts (votes by class, the last entry those of NaN scores), and with radii,
    tolerance or anytime looks (samples, failures). Without labels there is no label and no correct. Its methods
    accuracy(radius), average_radius(), bounds(), plot() and its view in a notebook say what they come to.
    """
    if target == "label" and labels is None:
        raise ValueError("target = 'label': labels are needed")
    radii = [] if radii is None else [float(radius) for radius in radii]
    if target is None and labels is None and (radii or tolerance is not None or anytime):
        target = "predicted"
    request = _ballast.certify_request(
        sigma=sigma,
        lambda_=lambda_,
        noise=noise,
        n0=n0,
        n=n,
        alpha=alpha,
        family_wise=family_wise,
        radii=radii,
        tolerance=tolerance,
        anytime=anytime,
        gain=gain,
        target=target,
        futility=futility,
        bound=bound,
        selection=selection,
    )
    return _rows(model, images, labels, request, seed, first, threads, num_classes, batch_size, check, dtype, log, progress)


def predict(
    model: Classifier,
    images: Any,
    labels: Optional[Any] = None,
    *,
    sigma: Optional[float] = None,
    lambda_: Optional[float] = None,
    n: int = 10_000,
    alpha: float = 0.001,
    noise: str = "auto",
    seed: Optional[int] = None,
    first: int = 0,
    threads: int = 0,
    num_classes: Optional[int] = None,
    batch_size: Union[int, str] = 1000,
    check: bool = True,
    dtype: Optional[Any] = None,
    log: Optional[Path] = None,
    progress: Optional[bool] = None,
) -> Result:
    """Classifies each image by the smoothed classifier: with probability at least 1 - alpha, the answer is its own or none.

    Arguments as for `certify`. Returns a Result with the columns idx, label, predict (-1: abstained), correct, time, n, count, runner_up,
    runner_up_count and counts; without labels no label and no correct.
    """
    request = _ballast.predict_request(sigma=sigma, lambda_=lambda_, noise=noise, n=n, alpha=alpha)
    return _rows(model, images, labels, request, seed, first, threads, num_classes, batch_size, check, dtype, log, progress)


def _rows(
    model: Classifier,
    images: Any,
    labels: Optional[Any],
    request: _ballast.Request,
    seed: Optional[int],
    first: int,
    threads: int,
    num_classes: Optional[int],
    batch_size: Union[int, str],
    check: bool,
    dtype: Optional[Any],
    log: Optional[Path],
    progress: Optional[bool],
) -> Result:
    if not 0 <= first < 2**32:
        raise ValueError(f"first = {first}: must be from 0 to {2**32 - 1}")
    in_parts = comes_in_parts(images)
    if in_parts and labels is not None:
        raise ValueError("labels: come with the images, part by part")
    if log is not None:
        if labels is None and not in_parts:
            raise ValueError("log: has a column of labels, and labels are not given")
        if os.path.exists(log):
            before = read_manifest(log)
            seed = before["seed"] if seed is None else seed
            batch_size = before.get("batch_size", batch_size) if batch_size == "auto" else batch_size
    classifier, noise, show = opened(model), _ballast.NoiseCache(), shown(progress)

    def part(images: Any, labels: Optional[List[int]], seed: Optional[int], batch_size: Union[int, str], before: Optional[int]) -> Result:
        array = pixels(images)
        if array.ndim == 3:
            array = array[:, None]

        def told(done: int, total: int) -> None:
            if show is not None:
                show((before or 0) + done, (before or 0) + total)

        columns, entries, lines = rows(
            classifier,
            images,
            array,
            labels,
            request,
            seed=seed,
            first=first,
            threads=threads,
            classes=num_classes,
            batch_size=batch_size,
            noise=noise,
            check=check and not before,
            dtype=dtype,
            log=log,
            before=before,
            progress=None if show is None else told,
        )
        return Result(columns, {name: json.loads(value) for name, value in entries}, (entries, lines) if lines else None)

    if not in_parts:
        return part(images, None if labels is None else _label_list(labels), seed, batch_size, None)
    done: List[Result] = []
    count = 0
    for some, some_labels in parts(images):
        if done:  # the rest goes on as the first part began
            seed, batch_size = done[0].settings["seed"], done[0].settings.get("batch_size", batch_size)
        done.append(part(some, some_labels, seed, batch_size, count))
        count += len(some_labels)
    if not done:
        raise ValueError("images: there are none")
    columns = {name: np.concatenate([result[name] for result in done]) for name in done[0]}
    unsaved = [result.unsaved for result in done if result.unsaved is not None]
    whole = (unsaved[0][0], unsaved[0][1] + [line for _, lines in unsaved[1:] for line in lines[1:]]) if len(unsaved) == len(done) else None
    return Result({**columns, "idx": np.arange(count)}, done[0].settings, whole)


def _label_list(labels: Any) -> list[int]:
    array = to_numpy(labels)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"labels: {array.dtype} of shape {array.shape}; whole numbers, one an image, are needed")
    return [int(label) for label in array]
