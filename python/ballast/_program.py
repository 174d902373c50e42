# SPDX-License-Identifier: Apache-2.0
"""The program's commands as functions."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
from typing import Any, Dict, Iterable, List, Optional, Sequence, Union

from ._arrays import Path
from ._logs import read_log
from ._result import Result



Paths = Union[Path, Sequence[Path]]


def program() -> str:
    """The path of the program: the one of this package, else the one that the shell would find."""
    own = pathlib.Path(__file__).parent / "bin" / "ballast"
    found = str(own) if own.is_file() else shutil.which("ballast")
    if found is None:
        raise FileNotFoundError("the program `ballast` is neither in this package nor on PATH")
    return found


def words(options: Dict[str, Any]) -> List[str]:
    """Options as they are typed: sigma=0.25 is --sigma 0.25, vary_n=[100, 1000] is --vary-n 100,1000, json=True is --json."""
    typed = []
    for name, value in options.items():
        option = "--" + name.strip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            typed.append(option)
        elif isinstance(value, (list, tuple)):
            typed += [option, ",".join(str(entry) for entry in value)]
        else:
            typed += [option, str(value)]
    return typed


def run(command: str, arguments: Sequence[Path], options: Dict[str, Any], *, found_something: int = -1) -> str:
    """Runs it, with its progress on standard error, and returns what it prints. Raises ValueError for what it refuses, RuntimeError for a run
    that fails; the status `found_something` is neither."""
    typed = [program(), command, *(os.fspath(argument) for argument in arguments), *words(options)]
    complaints: List[str] = []

    def pass_on(lines: Iterable[str]) -> None:
        for line in lines:
            if line.startswith("ballast: "):
                complaints.append(line.removeprefix("ballast: ").strip())
            else:
                print(line, end="", file=sys.stderr, flush=True)

    with subprocess.Popen(typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        progress = threading.Thread(target=pass_on, args=(process.stderr,))
        progress.start()
        try:
            output = process.stdout.read()
            process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)  # it finishes the rows under way
            raise
        finally:
            process.wait()
            progress.join()
    if process.returncode not in (0, found_something):
        raise (ValueError if process.returncode == 2 else RuntimeError)(" ".join(complaints) or f"ballast {command} failed")
    return output


def _listed(logs: Paths) -> Sequence[Path]:
    return [logs] if isinstance(logs, (str, os.PathLike)) else logs


def report(logs: Paths, out: Path, **options: Any) -> pathlib.Path:
    """A page, tables and figures from one log or several, in the folder `out`. Returns the path of the page.

    options: those of `ballast report`, e.g. radii=[0, 0.25], title="...", images="cifar10". Raises ValueError for what is refused.
    """
    run("report", _listed(logs), {"out": out, **options})
    return pathlib.Path(out) / "report.html"


def audit(logs: Paths, model: Optional[Path] = None, data: Optional[Path] = None, **options: Any) -> Any:
    """Checks a log without trust in who made it; with model and data, draws some rows again. Returns what was checked and found ("findings",
    empty where all is well), as `ballast audit --json` has it (docs/audit.md); of several logs, a list. Options: those of `ballast audit`,
    e.g. rows=20, fresh=1000."""
    found = json.loads(run("audit", _listed(logs), {"model": model, "data": data, "json": True, "quiet": True, **options}, found_something=1))
    return found[0] if _listed(logs) is not logs else found


def recertify(log: Path, out: Path, **options: Any) -> Result:
    """New certificates from the votes in a log, written to `out` and returned. Options: those of `ballast recertify`, e.g. alpha=0.01, n=1000."""
    run("recertify", [log], {"out": out, **options})
    return read_log(out)


def merge(logs: Paths, out: Path) -> Result:
    """The logs of a run's shards as one, written to `out` and returned: nothing missing, nothing twice."""
    run("merge", _listed(logs), {"out": out})
    return read_log(out)


def train(data: Path, architecture: str, model: Path, **options: Any) -> pathlib.Path:
    """Trains a network under noise into an ONNX file, whose path is returned. Needs the full build. Options: those of `ballast train`, e.g.
    sigma=0.25, epochs=10, recipe="consistency" (docs/training.md)."""
    run("train", [data, architecture, model], options)
    return pathlib.Path(model)
