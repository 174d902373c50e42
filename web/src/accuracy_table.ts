// SPDX-License-Identifier: Apache-2.0
//
// Certified accuracy of logs by radius: one row a log, the best of each column marked.

import { certified_accuracy, lower_bound, type BoundName } from "./accuracy";
import { html, name_of } from "./dom";
import { save_csv, type Cell } from "./download";
import type { Series } from "./draw_chart";
import { accuracy_text, bound_text, count_text, rounded_down, seconds_text } from "./format";
import { swatch } from "./series";
import { norm_text, scale_text } from "./words";

export interface TableLook {
  radii: number[];
  bound: BoundName | "none"; // shown beneath each accuracy
}

interface Line {
  series: Series;
  accuracy: number[];
  bound: (number | null)[];
}

export function accuracy_table(all: Series[], look: TableLook): HTMLTableElement {
  const lines = lines_of(all, look);
  const best = look.radii.map((_, column) => best_of(lines, column));
  const trailing = ["mean radius", ...(same_images(all) ? [] : ["images"]), "samples an image", "seconds an image"];
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
        html("th", { scope: "colgroup", colspan: String(look.radii.length), class: "group" }, `certified accuracy at ${norm_text[all[0].log.norm]} radius`),
        ...trailing.map((name) => html("th", { scope: "col", rowspan: "2", class: "figure" }, name)),
      ),
      html("tr", {}, ...look.radii.map((r) => html("th", { scope: "col", class: "figure" }, String(r)))),
    ),
    html("tbody", {}, ...lines.map((line) => row_of(line, best, !same_images(all)))),
  );
}

export function save_accuracy_table(name: string, all: Series[], look: TableLook): void {
  const head = [
    ...["log", "norm", "scale_name", "scale", "noise", "training", "illustration", "images"],
    ...look.radii.map((r) => `accuracy_at_${r}`),
    ...(look.bound === "none" ? [] : look.radii.map((r) => `${look.bound}_at_${r}`)),
    ...["mean_radius", "mean_radius_test_set", "mean_radius_population", "samples_per_image", "seconds_per_image"],
  ];
  save_csv(name, head, lines_of(all, look).map((line) => cells_of(line, look)));
}

function lines_of(all: Series[], { radii, bound }: TableLook): Line[] {
  return all.map((series) => ({
    series,
    accuracy: radii.map((r) => certified_accuracy(series.curve, r)),
    bound: radii.map((r) => (bound === "none" ? null : lower_bound(series.log.bounds, bound, r))),
  }));
}

// The largest accuracy of a column. Null where it means nothing: of one log, of zeros, of illustrations.
function best_of(lines: Line[], column: number): number | null {
  const compared = lines.filter(({ series }) => !series.log.illustration).map(({ accuracy }) => accuracy[column]);
  return compared.length < 2 ? null : Math.max(...compared) || null;
}

function row_of({ series, accuracy, bound }: Line, best: (number | null)[], with_images: boolean): HTMLTableRowElement {
  const { log } = series;
  return html(
    "tr",
    {},
    name_cell(series),
    html("td", {}, scale_text(log) ?? "–", log.noise === null ? null : small(log.noise)),
    ...accuracy.map((value, i) => accuracy_cell(value, bound[i], !log.illustration && value === best[i])),
    radius_cell(series),
    with_images ? figure(count_text(log.rows.idx.length)) : null,
    figure(log.samples_per_image === null ? "–" : count_text(log.samples_per_image)),
    figure(log.seconds_per_image === null ? "–" : seconds_text(log.seconds_per_image)),
  );
}

function name_cell({ log, style }: Series): HTMLTableCellElement {
  const lines = [
    name_of(log.name),
    log.training === null ? null : small(`trained with ${log.training}`),
    log.illustration ? small("illustration, not certificates") : null,
  ];
  return html("th", { scope: "row", class: "first", title: log.description }, html("div", { class: "named" }, swatch(style), html("div", {}, ...lines)));
}

function accuracy_cell(value: number, bound: number | null, is_best: boolean): HTMLTableCellElement {
  const shown = html(is_best ? "strong" : "span", is_best ? { class: "best" } : {}, accuracy_text(value));
  if (is_best) shown.append(html("span", { class: "mark", title: "the best of this column" }, "*"));
  return html("td", { class: "figure" }, shown, bound === null ? null : small(bound_text(bound)));
}

function radius_cell({ log }: Series): HTMLTableCellElement {
  const bounds = log.mean_radius_bounds;
  return html(
    "td",
    { class: "figure" },
    log.mean_radius === null ? "–" : rounded_down(log.mean_radius),
    bounds === null ? null : small(`${bound_text(bounds.test_set)} these images`),
    bounds === null ? null : small(`${bound_text(bounds.population)} population`),
  );
}

const same_images = (all: Series[]): boolean => all.every(({ log }) => log.rows.idx.length === all[0].log.rows.idx.length);

function figure(text: string): HTMLTableCellElement {
  return html("td", { class: "figure" }, text);
}

function small(text: string): HTMLElement {
  return html("small", {}, text);
}

function cells_of({ series: { log }, accuracy, bound }: Line, look: TableLook): Cell[] {
  return [
    ...[log.name, log.norm, log.scale_name, log.scale, log.noise, log.training, log.illustration ? 1 : 0, log.rows.idx.length],
    ...accuracy,
    ...(look.bound === "none" ? [] : bound),
    ...[log.mean_radius, log.mean_radius_bounds?.test_set ?? null, log.mean_radius_bounds?.population ?? null, log.samples_per_image, log.seconds_per_image],
  ];
}
