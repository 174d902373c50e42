# SPDX-License-Identifier: Apache-2.0
"""Logs and their manifests."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Union

from . import _ballast
from ._arrays import existing
from ._result import Result


def read_log(path: Union[str, os.PathLike[str]]) -> Result:
    """The rows of a log of `ballast`, or of the reference implementation, as a Result: one NumPy array a column, and what the manifest says.

    The columns are those that the log has, as `ballast.certify` returns them; time is in seconds, predict -1 where abstained,
    runner_up -1 for NaN scores. selection and counts hold votes by class, up to the last class that got one and then those of NaN scores.
    """
    has_manifest = os.path.exists(os.fspath(path) + ".json")
    return Result(_ballast.read_log(existing(path)), read_manifest(path) if has_manifest else {})


def read_manifest(path: Union[str, os.PathLike[str]]) -> Dict[str, Any]:
    """What a log was made of and how. path: the log, whose manifest is PATH.json, or the manifest itself (NAME.json)."""
    name = os.fspath(path)
    existing(name if name.endswith(".json") else name + ".json")
    return {entry: json.loads(value) for entry, value in _ballast.read_manifest(path)}
