# SPDX-License-Identifier: Apache-2.0
"""How far a run is."""

from __future__ import annotations

import sys
import time
from typing import Any, Callable, Optional

Progress = Callable[[int, int], None]


def _is_watched() -> bool:
    """Whether a person reads standard error: on a terminal, or in a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return sys.stderr.isatty() or (shell is not None and "IPKernelApp" in shell.config)


def _bar() -> Progress:
    """By tqdm, which has a form for notebooks. Raises ImportError where it is not installed."""
    from tqdm.auto import tqdm

    bar: Any = tqdm(unit="image")

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            bar.close()

    return show


def _line() -> Progress:
    start, first, shown = time.monotonic(), -1, 0.0

    def show(done: int, total: int) -> None:
        nonlocal first, shown
        now = time.monotonic()
        first = done - 1 if first < 0 else first  # rows before were there already
        if done < total and now - shown < 0.1:
            return
        shown = now
        left = (now - start) / (done - first) * (total - done)
        print(f"\r{done}/{total} image{'s' if total != 1 else ''}, {left:.0f} s left   ", end="\n" if done == total else "", file=sys.stderr, flush=True)

    return show


def shown(progress: Optional[bool]) -> Optional[Progress]:
    """What shows it. progress: None shows it where a person reads standard error."""
    if not (_is_watched() if progress is None else progress):
        return None
    try:
        return _bar()
    except ImportError:
        return _line()
