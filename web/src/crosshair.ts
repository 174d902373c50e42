// SPDX-License-Identifier: Apache-2.0
//
// A line through a chart at one radius, with a point on every curve that is shown and not at 0.

import { certified_accuracy } from "./accuracy";
import { svg } from "./dom";
import type { Chart, Series } from "./draw_chart";
import { style_of } from "./series";

// Replaces the crosshair that the drawing has; none where radius is null.
export function draw_crosshair(chart: Chart, shown: Series[], radius: number | null): void {
  chart.drawing.querySelector(".crosshair")?.remove();
  if (radius === null) return;
  const x = chart.x(radius);
  const bottom = chart.drawing.height.baseVal.value - chart.margins.bottom;
  const width = chart.drawing.width.baseVal.value;
  const near_right = x > width - 80;
  chart.drawing.append(
    svg(
      "g",
      { class: "crosshair", "aria-hidden": "true", "pointer-events": "none" },
      svg("line", { x1: `${x}`, x2: `${x}`, y1: `${chart.margins.top}`, y2: `${bottom}`, stroke: "var(--ink)", "stroke-width": "1" }),
      ...shown.filter(({ curve }) => certified_accuracy(curve, radius) > 0).map((series) => point(chart, series, radius)),
      svg(
        "text",
        { x: `${x + (near_right ? -6 : 6)}`, y: `${chart.margins.top + 10}`, "text-anchor": near_right ? "end" : "start", class: "crosshair-label" },
        `r = ${radius}`,
      ),
    ),
  );
}

function point(chart: Chart, { curve, style }: Series, radius: number): SVGCircleElement {
  const y = chart.y(certified_accuracy(curve, radius));
  return svg("circle", { cx: `${chart.x(radius)}`, cy: `${y}`, r: "3.5", fill: style_of(style).colour, stroke: "var(--paper)" });
}
