// SPDX-License-Identifier: Apache-2.0
//
// Certified accuracy of logs by radius: one row a log, the best of each column marked.

import { certifiedAccuracy, lowerBound, type BoundName } from "./accuracy";
import { html, nameOf } from "./dom";
import { saveCsv, type Cell } from "./download";
import type { Series } from "./draw_chart";
import { accuracyText, boundText, countText, roundedDown, secondsText } from "./format";
import { swatch } from "./series";
import { normText, scaleText } from "./words";

export interface TableLook {
  radii: number[];
  bound: BoundName | "none"; // shown beneath each accuracy
}

interface Line {
  series: Series;
  accuracy: number[];
  bound: (number | null)[];
}

export function accuracyTable(all: Series[], look: TableLook): HTMLTableElement {
  const lines = linesOf(all, look);
  const best = look.radii.map((_, column) => bestOf(lines, column));
  const trailing = ["mean radius", ...(sameImages(all) ? [] : ["images"]), "samples an image", "seconds an image"];
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
        html("th", { scope: "col", rowspan: "2" }, "noise"),
        html("th", { scope: "colgroup", colspan: String(look.radii.length), class: "group" }, `certified accuracy at ${normText[all[0].log.norm]} radius`),
        ...trailing.map((name) => html("th", { scope: "col", rowspan: "2", class: "figure" }, name)),
      ),
      html("tr", {}, ...look.radii.map((r) => html("th", { scope: "col", class: "figure" }, String(r)))),
    ),
    html("tbody", {}, ...lines.map((line) => rowOf(line, best, !sameImages(all)))),
  );
}

export function saveAccuracyTable(name: string, all: Series[], look: TableLook): void {
  const head = [
    ...["log", "norm", "scale_name", "scale", "noise", "training", "illustration", "images"],
    ...look.radii.map((r) => `accuracy_at_${r}`),
    ...(look.bound === "none" ? [] : look.radii.map((r) => `${look.bound}_at_${r}`)),
    ...["mean_radius", "mean_radius_test_set", "mean_radius_population", "samples_per_image", "seconds_per_image"],
  ];
  saveCsv(name, head, linesOf(all, look).map((line) => cellsOf(line, look)));
}

function linesOf(all: Series[], { radii, bound }: TableLook): Line[] {
  return all.map((series) => ({
    series,
    accuracy: radii.map((r) => certifiedAccuracy(series.curve, r)),
    bound: radii.map((r) => (bound === "none" ? null : lowerBound(series.log.bounds, bound, r))),
  }));
}

// The largest accuracy of a column. Null where it means nothing: of one log, of zeros, of illustrations.
function bestOf(lines: Line[], column: number): number | null {
  const compared = lines.filter(({ series }) => !series.log.illustration).map(({ accuracy }) => accuracy[column]);
  return compared.length < 2 ? null : Math.max(...compared) || null;
}

function rowOf({ series, accuracy, bound }: Line, best: (number | null)[], withImages: boolean): HTMLTableRowElement {
  const { log } = series;
  return html(
    "tr",
    {},
    nameCell(series),
    html("td", {}, scaleText(log) ?? "–", log.noise === null ? null : small(log.noise)),
    ...accuracy.map((value, i) => accuracyCell(value, bound[i], !log.illustration && value === best[i])),
    radiusCell(series),
    withImages ? figure(countText(log.rows.idx.length)) : null,
    figure(log.samples_per_image === null ? "–" : countText(log.samples_per_image)),
    figure(log.seconds_per_image === null ? "–" : secondsText(log.seconds_per_image)),
  );
}

function nameCell({ log, style }: Series): HTMLTableCellElement {
  const lines = [
    nameOf(log.name),
    log.training === null ? null : small(`trained with ${log.training}`),
    log.illustration ? small("illustration, not certificates") : null,
  ];
  return html("th", { scope: "row", class: "first", title: log.description }, html("div", { class: "named" }, swatch(style), html("div", {}, ...lines)));
}

function accuracyCell(value: number, bound: number | null, isBest: boolean): HTMLTableCellElement {
  const shown = html(isBest ? "strong" : "span", isBest ? { class: "best" } : {}, accuracyText(value));
  if (isBest) shown.append(html("span", { class: "mark", title: "the best of this column" }, "*"));
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

const sameImages = (all: Series[]): boolean => all.every(({ log }) => log.rows.idx.length === all[0].log.rows.idx.length);

function figure(text: string): HTMLTableCellElement {
  return html("td", { class: "figure" }, text);
}

function small(text: string): HTMLElement {
  return html("small", {}, text);
}

function cellsOf({ series: { log }, accuracy, bound }: Line, look: TableLook): Cell[] {
  return [
    ...[log.name, log.norm, log.scale_name, log.scale, log.noise, log.training, log.illustration ? 1 : 0, log.rows.idx.length],
    ...accuracy,
    ...(look.bound === "none" ? [] : bound),
    ...[log.mean_radius, log.mean_radius_bounds?.test_set ?? null, log.mean_radius_bounds?.population ?? null, log.samples_per_image, log.seconds_per_image],
  ];
}
