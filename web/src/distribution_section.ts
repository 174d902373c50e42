// SPDX-License-Identifier: Apache-2.0
//
// How the radii and the votes of one log are spread over its images.

import * as Plot from "@observablehq/plot";
import type { ChosenLog } from "./chosen_log";
import type { Log } from "./data";
import { html } from "./dom";
import { countText } from "./format";
import { outcomeOf, type Outcome } from "./rows_filter";
import { votesOf } from "./votes";
import { hasRadii, radiusAxis } from "./words";

const bins = 30;
const outcomes: Outcome[] = ["correct", "wrong", "abstained"];

export interface Bar {
  low: number;
  high: number;
  outcome: Outcome;
  images: number;
}

export function distributionSection(chosen: ChosenLog): HTMLElement {
  const figures = html("div", { class: "pair" });
  chosen.follow((log) => {
    figures.replaceChildren(...figuresOf(log));
  });
  return html("section", { id: "distribution" }, html("h2", {}, "Radii and votes"), ...chosen.head("Log of the distributions"), figures);
}

function figuresOf(log: Log): HTMLElement[] {
  return [...(hasRadii(log) ? [radiusFigure(log)] : []), ...votesFigure(log)];
}

function radiusFigure(log: Log): HTMLElement {
  const { radius } = log.rows;
  const answered = (row: number) => outcomeOf(log.rows, row) !== "abstained";
  const top = Math.max(log.provable_radius ?? 0, ...boundsOf(radius)) || 1;
  const bars = barsOf(log, (row) => (answered(row) ? radius[row] : null), 0, top);
  const none = log.rows.idx.filter((_, row) => !answered(row)).length;
  const what = log.radii_tested === null ? "Certified radii" : `Certified radii, of those tested: ${log.radii_tested.join(", ")}`;
  return histogram(what, `${radiusAxis(log.norm)}`, bars, [0, top], none === 0 ? "" : ` ${countText(none)} ${none === 1 ? "image" : "images"} without an answer ${none === 1 ? "is" : "are"} left out.`);
}

function votesFigure(log: Log): HTMLElement[] {
  const { p_lower: lower, counts } = log.rows;
  if (lower !== null && log.verifier === null) return [histogram("Lower bound of the class’s probability under noise, p_A", "p_A is at least", barsOf(log, (row) => lower[row], 0, 1), [0, 1], "")];
  if (counts === null) return [];
  const leading = counts.map((text) => {
    const votes = votesOf(text);
    const total = votes.reduce((sum, entry) => sum + entry.votes, 0);
    return total === 0 ? null : votes[0].votes / total;
  });
  return [histogram("Share of the votes for the leading class", "share of votes", barsOf(log, (row) => leading[row], 0, 1), [0, 1], "")];
}

// How many images have a value in each part of the interval, by outcome; the last part holds its upper end. Null: left out.
export function barsOf(log: Log, value: (row: number) => number | null, low: number, high: number): Bar[] {
  const counts = outcomes.map(() => new Array<number>(bins).fill(0));
  for (let row = 0; row < log.rows.idx.length; ++row) {
    const at = value(row);
    if (at === null) continue;
    const bin = Math.min(Math.max(Math.floor(((at - low) / (high - low)) * bins), 0), bins - 1);
    ++counts[outcomes.indexOf(outcomeOf(log.rows, row))][bin];
  }
  const edge = (bin: number) => low + ((high - low) * bin) / bins;
  return outcomes.flatMap((outcome, k) => counts[k].flatMap((images, bin) => (images === 0 ? [] : [{ low: edge(bin), high: edge(bin + 1), outcome, images }])));
}

function histogram(title: string, axis: string, bars: Bar[], domain: [number, number], more: string): HTMLElement {
  const drawing = Plot.plot({
    width: 560,
    height: 250,
    marginLeft: 52,
    marginBottom: 48,
    style: { fontFamily: "system-ui, sans-serif", fontSize: "12px", background: "none", color: "var(--ink)" },
    ariaLabel: title,
    x: { domain, label: axis, labelAnchor: "center", labelArrow: "none" },
    y: { label: "images", labelArrow: "none", grid: true, tickFormat: (count: number) => (Number.isInteger(count) ? count.toLocaleString("en-US") : "") },
    marks: [
      Plot.rectY(bars, Plot.stackY({ x1: "low", x2: "high", y: "images", order: outcomes, z: "outcome", fill: (bar: Bar) => `var(--${bar.outcome})`, inset: 0.5, title: (bar: Bar) => `${countText(bar.images)} ${bar.outcome}` })),
      Plot.ruleY([0], { stroke: "var(--ink)" }),
    ],
  });
  const present = outcomes.filter((outcome) => bars.some((bar) => bar.outcome === outcome));
  const key = present.map((outcome) => html("span", { class: `key ${outcome}` }, outcome));
  return html("figure", { class: "histogram" }, html("h3", {}, title), drawing as SVGSVGElement, html("figcaption", {}, ...key, more));
}

// The least and the largest, without an argument for each value.
function boundsOf(values: number[]): [number, number] {
  return values.reduce(([low, high], value): [number, number] => [Math.min(low, value), Math.max(high, value)], [0, 0]);
}
