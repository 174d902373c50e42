// SPDX-License-Identifier: Apache-2.0
//
// A line through a chart at one radius, with a point on every curve that is shown and not at 0.

import { certifiedAccuracy } from "./accuracy";
import { svg } from "./dom";
import type { Chart, Series } from "./draw_chart";
import { styleOf } from "./series";

// A drawing of its own that lies over the chart's: the pointer's every move would otherwise paint all curves again.
// Nothing is in it where radius is null.
export function crosshairOf(chart: Chart, shown: Series[], radius: number | null): SVGSVGElement {
  const width = chart.drawing.width.baseVal.value;
  const height = chart.drawing.height.baseVal.value;
  const marks = radius === null ? [] : marksOf(chart, shown, radius, width, height);
  return svg("svg", { class: "crosshair", width: `${width}`, height: `${height}`, "aria-hidden": "true" }, ...marks);
}

function marksOf(chart: Chart, shown: Series[], radius: number, width: number, height: number): SVGElement[] {
  const x = chart.x(radius);
  const nearRight = x > width - 80;
  const { top, bottom } = chart.margins;
  return [
    svg("line", { x1: `${x}`, x2: `${x}`, y1: `${top}`, y2: `${height - bottom}`, stroke: "var(--ink)" }),
    ...shown.filter(({ curve }) => certifiedAccuracy(curve, radius) > 0).map((series) => point(chart, series, radius)),
    svg("text", { x: `${x + (nearRight ? -6 : 6)}`, y: `${top + 10}`, "text-anchor": nearRight ? "end" : "start" }, `r = ${radius}`),
  ];
}

function point(chart: Chart, { curve, style }: Series, radius: number): SVGCircleElement {
  const y = chart.y(certifiedAccuracy(curve, radius));
  return svg("circle", { cx: `${chart.x(radius)}`, cy: `${y}`, r: "3.5", fill: styleOf(style).colour, stroke: "var(--paper)" });
}
