# SPDX-License-Identifier: Apache-2.0
"""Rows of certificates and predictions, and what is read off them."""

from __future__ import annotations

import html
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from . import _ballast, stats
from ._arrays import Array, Path

_COLUMNS = 8  # of a table of radii


# The entries of a manifest, and the lines of a log that nobody has written.
Unsaved = Tuple[List[Tuple[str, str]], List[str]]


class Result(Dict[str, Array]):
    """The columns of a log, one entry an image, and what they come to. A dict, so pandas.DataFrame(result) has them too.

    settings: the entries of the run's manifest (docs/log-format.md), as far as they are known.
    """

    def __init__(self, columns: Dict[str, Array], settings: Optional[Dict[str, Any]] = None, unsaved: Optional[Unsaved] = None) -> None:
        super().__init__(columns)
        self.settings: Dict[str, Any] = dict(settings or {})
        self.unsaved = unsaved

    def __repr__(self) -> str:
        return f"<ballast.Result: {'; '.join(f'{name} {value}' for name, value in self._summary())}>"

    @property
    def images(self) -> int:
        """How many images, one a row."""
        return len(self["idx"])

    def accuracy(self, radius: float = 0.0) -> float:
        """The share of images that are right and, where they are certified, at this radius or a larger one; NaN at a radius that was not tested
        where only certain radii were. Needs labels."""
        certified = self._certified(radius)
        return int(certified.sum()) / max(1, self.images) if self._is_tested(radius) else float("nan")

    def average_radius(self) -> float:
        """The mean of the certified radius over all images, 0 where the answer is wrong or abstains. Needs labels."""
        return float(np.where(self._right(), self._radii(), 0.0).sum()) / max(1, self.images)

    def bounds(self, radius: float = 0.0, *, rho: float = 0.001, alpha: Optional[float] = None) -> Dict[str, float]:
        """Lower bounds of the share of images on which the smoothed classifier itself is right within the radius, each wrong with probability
        at most rho: "appendix_d" (Cohen et al. 2019) and the tighter "inverted", of these images at one radius; "uniform", of these at all
        radii at once; "population", of the images that these were drawn from. alpha: allowed error of a certificate, where the settings
        do not say it. They hold where the images were chosen before the results were seen: images that were planned and have no row count as
        failures, and rows that nobody had planned (images that came batch by batch, a log that was extended) have no bounds."""
        alpha = self.settings.get("alpha", alpha)
        if alpha is None:
            raise ValueError("alpha: is not known of these rows and must be given")
        if "illustration" in self.settings or self.settings.get("method") in ("certify-splitting", "verify", "attack"):
            raise ValueError("bounds: there is no alpha that these rows may be wrong by")
        planned = self.settings.get("first_plan", self.settings.get("rows", None if self.settings else self.images))
        if planned is None or planned < self.images:
            raise ValueError("bounds: how many rows there are was not fixed beforehand, so it may depend on what they say")
        counted = (planned, int(self._certified(radius).sum()), alpha, rho)
        return {
            "appendix_d": stats.bernstein_bound(*counted),
            "inverted": stats.inverted_bound(*counted),
            "uniform": stats.uniform_bound(*counted),
            "population": stats.population_bound(*counted),
        }

    def curve(self) -> Tuple[Array, Array]:
        """Certified accuracy as steps: radii in rising order from 0 on, and the accuracy up to each of them. Where only certain radii were
        tested it is these: behind the last of them nothing is known."""
        tested = self._tested()
        if tested is not None:
            return np.array(tested), np.array([self.accuracy(radius) for radius in tested])
        radii = np.sort(np.where(self._certified(0.0), self._radii(), -1.0))
        ends = np.unique(np.concatenate([[0.0], radii[radii >= 0]]))
        return ends, 1 - np.searchsorted(radii, ends) / max(1, self.images)

    def plot(self, axes: Any = None, **style: Any) -> Any:
        """Draws certified accuracy by radius with matplotlib into `axes`, or new ones, and returns them. style: of the line, as in axes.step."""
        if axes is None:
            import matplotlib.pyplot as pyplot

            axes = pyplot.figure().add_subplot()
        radii, accuracy = self.curve()
        if self._tested() is None:  # the last step goes down to 0
            radii, accuracy = np.array([0.0, *radii, radii[-1]]), np.array([accuracy[0], *accuracy, 0.0])
        axes.step(radii, accuracy, where="pre", **style)
        axes.set_xlabel(f"{self.settings.get('norm', 'l2')} radius")
        axes.set_ylabel("certified accuracy")
        axes.set_ylim(0, 1)
        axes.set_xlim(left=0)
        return axes

    def table(self, radii: Optional[Sequence[float]] = None) -> Dict[float, float]:
        """Certified accuracy at these radii; without them at those that were asked for, or at quarter steps."""
        return {float(radius): self.accuracy(radius) for radius in (self._usual_radii() if radii is None else radii)}

    def save(self, log: Path) -> None:
        """Writes the rows as a log, with its manifest beside it, as `log=` does while they are made: for the program's report, audit and the
        like. Needs labels; `log` must not be there yet. Raises ValueError."""
        if self.unsaved is None:
            raise ValueError("save: only rows that were made here, with labels and without log=, are saved")
        entries, lines = self.unsaved
        _ballast.save_log(log, lines, entries)

    def _radii(self) -> Array:
        if "radius" not in self:
            raise ValueError("these rows are predictions, which have no radius")
        return self["radius"]

    def _right(self) -> Array:
        if "correct" not in self:
            raise ValueError("accuracy needs labels, and these rows have none")
        return self["correct"].astype(bool)

    def _certified(self, radius: float) -> Array:
        if not radius >= 0:
            raise ValueError(f"radius = {radius}: must be at least 0")
        is_predicted = "radius" not in self and radius == 0
        return self._right() if is_predicted else self._right() & (self._radii() >= radius)

    def _tested(self) -> Optional[List[float]]:
        """The radii that were tested, where these were named."""
        if self.settings.get("method") == "verify" and "radius" in self.settings:
            return [0.0, float(self.settings["radius"])]
        asked = self.settings.get("radii")
        return [float(radius) for radius in asked] if asked and "radius" in self else None

    def _is_tested(self, radius: float) -> bool:
        tested = self._tested()
        if tested is None:
            return radius <= float(self.settings.get("most", np.inf))
        # A radius that was asked for is tested, and held in a row, as the next double.
        return any(asked <= radius <= np.nextafter(asked, np.inf) for asked in tested)

    def _usual_radii(self) -> List[float]:
        tested = self._tested()
        if tested is not None:
            return tested
        largest = float(self._radii()[self._right()].max(initial=0.0))
        return [0.25 * step for step in range(min(_COLUMNS, int(largest / 0.25) + 1))]

    def _summary(self) -> List[Tuple[str, str]]:
        lines = [("images", f"{self.images:,}")]
        if "predict" in self:
            lines.append(("abstained", f"{float((self['predict'] < 0).mean()) if self.images else 0:.3f}"))
        if "correct" in self and "radius" in self:
            lines += [(f"certified accuracy at {radius:g}", f"{accuracy:.4f}") for radius, accuracy in self.table().items()]
            lines.append(("average certified radius", f"{self.average_radius():.4f}"))
        elif "correct" in self:
            lines.append(("accuracy", f"{self.accuracy():.4f}"))
        if "n" in self and self.images:
            lines.append(("samples an image", f"{float(self['n'].mean()):,.0f}"))
        return lines

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in self._summary())
        has_curve = "correct" in self and "radius" in self and self.images
        drawn = _svg(*self.curve(), self._tested() is None, html.escape(str(self.settings.get("norm", "l2")))) if has_curve else ""
        return f"<div style='display:flex;flex-wrap:wrap;gap:2em;align-items:center'><table>{rows}</table>{drawn}</div>"


def _svg(radii: Array, accuracy: Array, falls: bool, norm: str) -> str:
    """Certified accuracy by radius, in the page's own colours."""
    width, height, left, bottom = 360.0, 200.0, 40.0, 36.0
    # An eighth more than the last step, so that it is seen to end.
    longest = float(radii[-1]) * 1.125 or 1.0

    def x(radius: float) -> float:
        return left + (width - left - 10) * radius / longest

    def y(share: float) -> float:
        return 10 + (height - bottom - 10) * (1 - share)

    path = f"M{x(0.0 if falls else float(radii[0])):.1f} {y(accuracy[0]):.1f}"
    for radius, share in zip(radii, accuracy):
        path += f"V{y(share):.1f}H{x(radius):.1f}"
    if falls:
        path += f"V{y(0):.1f}"
    text = "font-size='11' fill='currentColor'"
    across = "".join(f"<text x='{x(longest * i / 4):.1f}' y='{height - bottom + 14}' text-anchor='middle' {text}>{longest * i / 4:.2g}</text>" for i in range(5))
    up = "".join(f"<text x='{left - 6}' y='{y(i / 4) + 4:.1f}' text-anchor='end' {text}>{i / 4:g}</text>" for i in range(5))
    grid = "".join(f"<path d='M{left} {y(i / 4):.1f}H{width - 10}' stroke='currentColor' stroke-opacity='.15'/>" for i in range(5))
    return (
        f"<svg width='{width:.0f}' height='{height:.0f}' viewBox='0 0 {width:.0f} {height:.0f}' role='img' aria-label='certified accuracy by {norm} radius'>"
        f"{grid}<path d='{path}' fill='none' stroke='#0072B2' stroke-width='2'/>{across}{up}"
        f"<text x='{(left + width) / 2}' y='{height - 4}' text-anchor='middle' {text}>{norm} radius</text></svg>"
    )
