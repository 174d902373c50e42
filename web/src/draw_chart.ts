// SPDX-License-Identifier: Apache-2.0
//
// The drawing of certified-accuracy curves: every corner of every step, by Observable Plot.

import * as Plot from "@observablehq/plot";
import { certifiedAccuracy, cornersOf, type BoundName, type Corners, type Curve } from "./accuracy";
import type { Log, Norm } from "./data";
import { styleOf } from "./series";
import { accuracyAxis, radiusAxis } from "./words";

export interface Series {
  log: Log;
  style: number; // which of the page's line styles
  curve: Curve;
}

export type AxisKind = "linear" | "log";

export interface ChartLook {
  norm: Norm;
  width: number;
  height: number;
  axis: AxisKind;
  overlay: BoundName | "none";
}

// Between pixels of the drawing and the values they stand for.
export interface Chart {
  drawing: SVGSVGElement;
  x: (radius: number) => number;
  y: (accuracy: number) => number;
  radiusAt: (pixel: number) => number;
  largestRadius: number; // at the right end of the axis
  margins: typeof margins;
}

const margins = { top: 28, right: 16, bottom: 46, left: 52 };

// Series are drawn in groups of class "series-K", K being their style, so that they can be hidden without drawing again.
export function drawChart(all: Series[], look: ChartLook): Chart {
  const corners = all.map(({ curve }) => cornersOf(curve));
  const largestRadius = endOfAxis(all);
  const floor = look.axis === "log" ? floorOf(corners) : 0;
  const plot = Plot.plot({
    width: look.width,
    height: look.height,
    marginTop: margins.top,
    marginRight: margins.right,
    marginBottom: margins.bottom,
    marginLeft: margins.left,
    style: { fontFamily: "system-ui, sans-serif", fontSize: "12px", background: "none", color: "var(--ink)" },
    ariaLabel: "Certified-accuracy curves",
    x: { domain: [0, largestRadius] },
    y: { domain: [look.axis === "log" ? floor : 0, 1], type: look.axis },
    marks: [
      Plot.gridX({ stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1, ...yTicks(look.axis, floor) }),
      Plot.axisX({ label: radiusAxis(look.norm), labelAnchor: "center", labelArrow: "none", labelOffset: 38, ticks: Math.floor(look.width / 80) }),
      Plot.axisY({ label: accuracyAxis, labelArrow: "none", ...yTicks(look.axis, floor) }),
      ...all.flatMap((series, i) => marksOf(series, corners[i], look, floor)),
      Plot.ruleY([floor], { stroke: "var(--ink)" }),
    ],
  });
  const x = scale(plot, "x");
  const y = scale(plot, "y");
  return {
    drawing: plot as SVGSVGElement,
    x: (radius) => x.apply(radius) as number,
    y: (accuracy) => y.apply(Math.max(accuracy, floor)) as number,
    radiusAt: (pixel) => Math.min(Math.max(x.invert?.(pixel) as number, 0), largestRadius),
    largestRadius,
    margins,
  };
}

function marksOf({ log, style, curve }: Series, corners: Corners, look: ChartLook, floor: number): Plot.Markish[] {
  const { colour, dash } = styleOf(style);
  const line = { stroke: colour, strokeDasharray: dash, strokeLinecap: "butt", className: `series-${style}`, clip: "frame" } as const;
  const marks: Plot.Markish[] = [steps(corners.radius, corners.accuracy, floor, { ...line, strokeWidth: 1.75 })];
  if (log.radii_are_named && log.radii_tested !== null)
    marks.push(
      Plot.dot(
        log.radii_tested.map((r) => [r, certifiedAccuracy(curve, r)]).filter(([, accuracy]) => accuracy > 0),
        { r: 3.5, fill: "var(--paper)", stroke: colour, strokeWidth: 1.75, className: `series-${style}` },
      ),
    );
  if (look.overlay !== "none" && log.bounds !== null)
    marks.push(steps(fromZero(log.bounds.radius, 0), fromZero(log.bounds[look.overlay]), floor, { ...line, strokeWidth: 1, strokeOpacity: 0.75 }));
  return marks;
}

// A value holds up to its own radius, from the one before: the step comes before the point.
function steps(radius: number[], value: number[], floor: number, options: Plot.LineOptions): Plot.Line {
  const height = floor > 0 ? value.map((v) => Math.max(v, floor)) : value;
  return Plot.line(radius, { x: radius, y: height, curve: "step-before", ...options });
}

// What holds at the least radius of the grid holds below it.
function fromZero(values: number[], first = values[0]): number[] {
  return values.length === 0 ? [] : [first, ...values];
}

// A little beyond the last step; 1 where nothing is certified.
function endOfAxis(all: Series[]): number {
  const ends = all.map(({ log, curve }) => Math.max(curve.radii.at(-1) ?? 0, ...(log.radii_tested ?? [])));
  return Math.max(...ends) * 1.03 || 1;
}

// The power of ten at or below every value above 0.
function floorOf(corners: Corners[]): number {
  const least = Math.min(0.1, ...corners.flatMap(({ accuracy }) => accuracy.filter((value) => value > 0).at(-1) ?? []));
  return 10 ** Math.floor(Math.log10(least) + 1e-9);
}

function yTicks(axis: AxisKind, floor: number): { ticks: number[]; tickFormat: (value: number) => string } {
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  if (axis === "linear") return { ticks, tickFormat: (value) => value.toFixed(1) };
  const decades = Math.round(-Math.log10(floor));
  const powers = Array.from({ length: decades + 1 }, (_, k) => 10 ** (k - decades));
  const between = decades <= 2 ? powers.slice(0, -1).flatMap((power) => [2 * power, 5 * power]) : [];
  return { ticks: [...powers, ...between], tickFormat: (value) => String(Number(value.toPrecision(1))) };
}

function scale(plot: Plot.Plot, name: "x" | "y"): Plot.Scale {
  const found = plot.scale(name);
  if (found === undefined) throw new Error(`the drawing has no scale ${name}`);
  return found;
}
