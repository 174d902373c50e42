# SPDX-License-Identifier: Apache-2.0
"""Certified robustness of image classifiers by randomized smoothing.

Pixels are in [0, 1], and sigma and radii are in their units; uint8 pixels stand for pixel / 255.
Wrong input raises ValueError with one line that says what was wrong and what is allowed.
"""

from . import stats
from ._ballast import __version__
from ._classifiers import Model
from ._functions import certify, predict
from ._logs import read_log, read_manifest
from ._program import audit, merge, recertify, report, train
from ._result import Result
from ._smooth import Smooth

__all__ = [
    "Model",
    "Result",
    "Smooth",
    "__version__",
    "audit",
    "certify",
    "merge",
    "predict",
    "read_log",
    "read_manifest",
    "recertify",
    "report",
    "stats",
    "train",
]
