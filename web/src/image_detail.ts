// SPDX-License-Identifier: Apache-2.0
//
// One image of a log: itself, noisy copies, votes, and every number of its row.

import type { Log, ShownImage } from "./data";
import { html, nameOf } from "./dom";
import { certifiedSize } from "./certified_size";
import { countText, radiusText } from "./format";
import { pixelsOfPicture } from "./picture";
import { outcomeOf } from "./rows_filter";
import { voteBars, votesOf } from "./votes";
import { classText, hasRadii } from "./words";

export function imageDetail(log: Log, row: number, shown: ShownImage | undefined): HTMLElement[] {
  const votes = votesOf(log.rows.counts?.[row]);
  const index = log.rows.idx[row];
  return [
    html("h3", {}, `Image ${index}`),
    html("p", { class: "note" }, nameOf(log.name)),
    ...(shown === undefined ? [] : pictures(log, row, shown)),
    ...(votes.length === 0 ? [] : [voteBars(votes, log.rows.label[row], log.class_names)]),
    numbersOf(log, row),
  ];
}

// Noisy as in this log; at every noise level where none is the log's own.
function pictures(log: Log, row: number, shown: ShownImage): HTMLElement[] {
  const index = log.rows.idx[row];
  const levels = Object.entries(shown.noisy).sort(([a], [b]) => Number(a) - Number(b));
  const own = levels.filter(([scale]) => log.scale !== null && Number(scale) === log.scale);
  const noisy = own.length > 0 ? own : levels;
  const letter = log.scale_name === "lambda" ? "λ" : "σ";
  const clean = picture(shown.clean, `image ${index}`);
  return [
    strip("the image", [clean], "pictures large"),
    ...(shown.attacked === null ? [] : [strip(`what an attack made of it, ℓ2 ${radiusText(shown.attacked.distance)} away`, [picture(shown.attacked.picture, `image ${index}, attacked`)], "pictures large")]),
    sizeOf(log, row, clean, shown.channels),
    ...noisy.map(([scale, copies]) => strip(`noisy, ${letter} ${scale}`, copies.map((copy, i) => picture(copy, `image ${index}, noisy copy ${i + 1} at ${letter} ${scale}`)))),
  ];
}

// Made when the picture is there.
function sizeOf(log: Log, row: number, clean: HTMLImageElement, channels: number): HTMLElement {
  const place = html("div", { class: "sizes" });
  const radius = log.rows.predict[row] === -1 || log.illustration || !hasRadii(log) ? 0 : log.rows.radius[row];
  if (radius === 0) return place;
  clean.decode().then(
    () => {
      const { pixels, shape } = pixelsOfPicture(clean, channels);
      const figure = certifiedSize(pixels, shape, log.norm, radius, log.rows.idx[row]);
      if (figure !== null) place.replaceChildren(figure);
    },
    () => undefined, // a picture that cannot be shown has no changed ones
  );
  return place;
}

function strip(caption: string, pictures: HTMLElement[], how = "pictures"): HTMLElement {
  return html("figure", { class: how }, html("div", {}, ...pictures), html("figcaption", {}, caption));
}

function picture(address: string, description: string): HTMLImageElement {
  return html("img", { src: address, alt: description });
}

function numbersOf(log: Log, row: number): HTMLElement {
  const { rows } = log;
  const predict = rows.predict[row];
  const entries: [string, string | null][] = [
    ["label", classText(rows.label[row], log.class_names)],
    ["answer", predict === -1 ? "abstained" : classText(predict, log.class_names)],
    ["outcome", outcomeOf(rows, row)],
    ["certified radius", hasRadii(log) ? String(rows.radius[row]) : null],
    ["p lower", numberText(rows.p_lower, row)],
    ["samples", rows.samples === null ? null : countText(rows.samples[row])],
    ["seconds", numberText(rows.seconds, row)],
  ];
  return html(
    "table",
    { class: "pairs" },
    html("tbody", {}, ...entries.map(([key, value]) => (value === null ? null : html("tr", {}, html("th", { scope: "row" }, key), html("td", {}, value))))),
  );
}

function numberText(values: number[] | null, row: number): string | null {
  return values === null ? null : String(values[row]);
}
