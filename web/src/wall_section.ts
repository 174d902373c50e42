// SPDX-License-Identifier: Apache-2.0
//
// The most and the least robust images of one log, and those that are not right, as pictures.

import type { ChosenLog } from "./chosen_log";
import type { Log, ShownImage } from "./data";
import { html } from "./dom";
import { countText, radiusText } from "./format";
import { outcomeOf } from "./rows_filter";
import { classText, hasRadii } from "./words";

const mostPictures = 24; // of one wall

export interface Wall {
  title: string;
  rows: number[]; // in order
}

// The order in which the program chose which images have pictures: equal ones stay as they are in the log.
export function wallsOf(log: Log): Wall[] {
  const { rows } = log;
  const all = rows.idx.map((_, row) => row);
  const right = all.filter((row) => outcomeOf(rows, row) === "correct");
  const wrong = all.filter((row) => outcomeOf(rows, row) !== "correct");
  if (!hasRadii(log)) return [{ title: "Wrong or without an answer", rows: wrong }];
  return [
    { title: "The most robust", rows: [...right].sort((a, b) => rows.radius[b] - rows.radius[a]) },
    { title: "The least robust that are right", rows: [...right].sort((a, b) => rows.radius[a] - rows.radius[b]) },
    { title: "Wrong or without an answer", rows: wrong },
  ];
}

export function wallSection(images: Record<string, ShownImage>, chosen: ChosenLog, onChoose: (row: number) => void): HTMLElement {
  const walls = html("div", {});
  chosen.follow((log) => {
    const shown = (log.pictured ? wallsOf(log) : []).map((wall) => figureOf(log, wall, images, onChoose));
    walls.replaceChildren(...shown.filter((figure) => figure !== null));
    if (walls.childElementCount === 0) walls.append(html("p", { class: "note" }, "There are no pictures of this log’s images, or not of the first of them."));
  });
  return html("section", { id: "wall" }, html("h2", {}, "Most and least robust"), ...chosen.head("Log of the pictures"), walls);
}

// Those at the head of the wall that have pictures: the first without one ends it, so that none before it is left out.
function figureOf(log: Log, { title, rows }: Wall, images: Record<string, ShownImage>, onChoose: (row: number) => void): HTMLElement | null {
  const end = rows.findIndex((row) => images[String(log.rows.idx[row])] === undefined);
  const shown = rows.slice(0, Math.min(end === -1 ? rows.length : end, mostPictures));
  if (shown.length === 0) return null;
  const count = shown.length === rows.length ? "all" : "the first";
  const caption = `${count} ${countText(shown.length)}${shown.length === rows.length ? "" : ` of ${countText(rows.length)}`}${tiesOf(log, rows)}`;
  return html(
    "figure",
    { class: "wall" },
    html("h3", {}, title),
    html("div", {}, ...shown.map((row) => thumbnail(log, row, images[String(log.rows.idx[row])].clean, () => onChoose(row)))),
    html("figcaption", {}, caption),
  );
}

// Of images with the same radius none is more robust than another: who comes first is chance.
function tiesOf(log: Log, rows: number[]): string {
  const radius = log.rows.radius[rows[0]];
  const ties = rows.filter((row) => log.rows.radius[row] === radius).length;
  if (!hasRadii(log) || ties < 2 || outcomeOf(log.rows, rows[0]) !== "correct") return "";
  const most = log.provable_radius !== null && radius > 0.999 * log.provable_radius;
  return `; ${countText(ties)} share the first one’s radius${most ? ", the largest that this log can prove, and may be robust beyond it" : ""}`;
}

function thumbnail(log: Log, row: number, address: string, onClick: () => void): HTMLElement {
  const { rows, class_names: names } = log;
  const outcome = outcomeOf(rows, row);
  const label = nameText(rows.label[row], names);
  const answer = outcome === "abstained" ? "no answer" : nameText(rows.predict[row], names);
  const lines = [
    html("span", { class: "name" }, label),
    outcome === "correct" ? null : html("span", { class: `name ${outcome}` }, `→ ${answer}`),
    hasRadii(log) && outcome !== "abstained" ? html("span", { class: "radius" }, radiusText(rows.radius[row])) : null,
  ];
  const thumb = html("button", { type: "button", class: "thumb", title: `image ${rows.idx[row]}: ${classText(rows.label[row], names)}` }, html("img", { src: address, alt: `image ${rows.idx[row]}` }), ...lines);
  thumb.addEventListener("click", onClick);
  return thumb;
}

// The name alone, where there is one.
const nameText = (label: number, names: string[] | null): string => names?.[label] ?? `class ${label}`;
