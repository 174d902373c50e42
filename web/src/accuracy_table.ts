// SPDX-License-Identifier: Apache-2.0
//
// Certified accuracy of logs by radius: one row a log, the best of each column marked.

import { lowerBound, type BoundName } from "./accuracy";
import { html, nameOf } from "./dom";
import { saveCsv, type Cell } from "./download";
import type { Series } from "./draw_chart";
import { accuracyText, boundText, countText, roundedDown, secondsText } from "./format";
import { swatch } from "./series";
import { accuracyAt, beyondProof, isBeyondProof, isTested, notTested } from "./tested";
import { normText, scaleText } from "./words";

export interface TableLook {
  radii: number[];
  bound: BoundName | "none"; // shown beneath each accuracy
}

interface Line {
  series: Series;
  accuracy: (number | null)[]; // null: not tested
  bound: (number | null)[];
}

export function accuracyTable(all: Series[], look: TableLook): HTMLTableElement {
  const lines = linesOf(all, look);
  const best = look.radii.map((_, column) => bestOf(lines, column));
  const verified = all.every(({ log }) => log.verifier !== null);
  const trailing = ["mean radius", ...(verified ? [] : ["samples an image"]), "seconds an image"];
  return html(
    "table",
    { class: "accuracies" },
    html(
      "thead",
      {},
      html(
        "tr",
        {},
        html("th", { scope: "col", rowspan: "2", class: "first" }, "log"),
        html("th", { scope: "col", rowspan: "2" }, verified ? "bound on the network" : "noise"),
        html("th", { scope: "colgroup", colspan: String(look.radii.length), class: "group" }, `certified accuracy at ${normText[all[0].log.norm]} radius`),
        ...trailing.map((name) => html("th", { scope: "col", rowspan: "2", class: "figure" }, name)),
      ),
      html("tr", {}, ...look.radii.map((r) => html("th", { scope: "col", class: "figure" }, String(r)))),
    ),
    html("tbody", {}, ...lines.map((line) => rowOf(line, look.radii, best, sameModel(all)))),
  );
}

export function saveAccuracyTable(name: string, all: Series[], look: TableLook): void {
  const head = [
    ...["log", "data", "model", "norm", "scale_name", "scale", "noise", "verifier", "training", "illustration", "images", "largest_provable_radius"],
    ...look.radii.map((r) => `accuracy_at_${r}`),
    ...(look.bound === "none" ? [] : look.radii.map((r) => `${look.bound}_at_${r}`)),
    ...["mean_radius", "mean_radius_test_set", "mean_radius_population", "samples_per_image", "seconds_per_image"],
  ];
  saveCsv(name, head, linesOf(all, look).map((line) => cellsOf(line, look)));
}

function linesOf(all: Series[], { radii, bound }: TableLook): Line[] {
  return all.map((series) => ({
    series,
    accuracy: radii.map((r) => accuracyAt(series.log, series.curve, r)),
    bound: radii.map((r) => (bound === "none" || !isTested(series.log, r) ? null : lowerBound(series.log.bounds, bound, r))),
  }));
}

// The largest accuracy of a column. Null where it means nothing: of one log, of zeros, of illustrations.
function bestOf(lines: Line[], column: number): number | null {
  const compared = lines.filter(({ series }) => !series.log.illustration).flatMap(({ accuracy }) => accuracy[column] ?? []);
  return compared.length < 2 ? null : Math.max(...compared) || null;
}

function rowOf({ series, accuracy, bound }: Line, radii: number[], best: (number | null)[], oneModel: boolean): HTMLTableRowElement {
  const { log } = series;
  return html(
    "tr",
    {},
    nameCell(series, oneModel),
    html("td", {}, log.verifier ?? scaleText(log) ?? "–", log.noise === null ? null : small(log.noise)),
    ...accuracy.map((value, i) => accuracyCell(value, bound[i], !log.illustration && value !== null && value === best[i], isBeyondProof(log, radii[i]))),
    radiusCell(series),
    log.verifier !== null ? null : figure(log.samples_per_image === null ? "–" : countText(log.samples_per_image)),
    figure(log.seconds_per_image === null ? "–" : secondsText(log.seconds_per_image)),
  );
}

function nameCell({ log, style }: Series, oneModel: boolean): HTMLTableCellElement {
  const lines = [
    nameOf(log.name),
    log.model === null || oneModel ? null : small(`model ${log.model}`),
    log.training === null ? null : small(`trained with ${log.training}`),
    log.illustration ? small("illustration, not certificates") : null,
  ];
  return html("th", { scope: "row", class: "first", title: log.description }, html("div", { class: "named" }, swatch(style), html("div", {}, ...lines)));
}

function accuracyCell(value: number | null, bound: number | null, isBest: boolean, beyond: boolean): HTMLTableCellElement {
  if (value === null) return html("td", { class: "figure", title: "not tested" }, notTested);
  const shown = html(isBest ? "strong" : "span", { class: isBest ? "marked best" : "marked" }, accuracyText(value));
  if (isBest) shown.append(html("span", { class: "mark", title: "the best of this column" }, "*"));
  if (beyond) shown.append(html("span", { class: "mark", title: "above the largest radius that this log can prove" }, beyondProof));
  return html("td", { class: "figure" }, shown, bound === null ? null : small(boundText(bound)));
}

function radiusCell({ log }: Series): HTMLTableCellElement {
  const bounds = log.mean_radius_bounds;
  return html(
    "td",
    { class: "figure" },
    log.mean_radius === null ? "–" : roundedDown(log.mean_radius),
    bounds === null ? null : small(`${boundText(bounds.test_set)} these images`),
    bounds === null ? null : small(`${boundText(bounds.population)} population`),
  );
}

const sameModel = (all: Series[]): boolean => all.every(({ log }) => log.model === all[0].log.model);

function figure(text: string): HTMLTableCellElement {
  return html("td", { class: "figure" }, text);
}

function small(text: string): HTMLElement {
  return html("small", {}, text);
}

function cellsOf({ series: { log }, accuracy, bound }: Line, look: TableLook): Cell[] {
  return [
    ...[log.name, log.data, log.model, log.norm, log.scale_name, log.scale, log.noise, log.verifier, log.training, log.illustration ? 1 : 0],
    ...[log.rows.idx.length, log.provable_radius],
    ...accuracy.map((value) => value ?? notTested),
    ...(look.bound === "none" ? [] : bound),
    ...[log.mean_radius, log.mean_radius_bounds?.test_set ?? null, log.mean_radius_bounds?.population ?? null, log.samples_per_image, log.seconds_per_image],
  ];
}
