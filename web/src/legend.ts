// SPDX-License-Identifier: Apache-2.0
//
// The names of a chart's series: buttons that isolate them, beside the values read at the crosshair.

import { certifiedAccuracy, lowerBound, type BoundName } from "./accuracy";
import { button, html, nameOf } from "./dom";
import type { Series } from "./draw_chart";
import { accuracyText, boundText } from "./format";
import type { Selection } from "./selection";
import { swatch } from "./series";
import { beyondProof, isBeyondProof, isBeyondTests, notTested } from "./tested";

interface Entry {
  series: Series;
  item: HTMLButtonElement;
  value: HTMLElement;
}

export class Legend {
  readonly element: HTMLElement;
  readonly #entries: Entry[];
  readonly #head = html("span", { class: "legend-head" });
  readonly #showAll: HTMLButtonElement;

  constructor(all: Series[], selection: Selection) {
    this.#entries = all.map((series, i) => entryOf(series, () => selection.toggle(i)));
    this.#showAll = button("Show all", () => selection.clear(), { class: "quiet" });
    this.element = html(
      "div",
      { class: "legend" },
      html("div", { class: "legend-bar" }, this.#head, this.#showAll),
      html("ul", {}, ...this.#entries.map(({ item }) => html("li", {}, item))),
    );
  }

  show(selection: Selection): void {
    this.#entries.forEach(({ item }, i) => {
      item.setAttribute("aria-pressed", String(selection.isChosen(i)));
      item.classList.toggle("hidden-series", !selection.isShown(i));
    });
    this.#showAll.style.visibility = selection.showsAll() ? "hidden" : "visible";
  }

  // Null: no radius is read.
  read(radius: number | null, overlay: BoundName | "none", selection: Selection): void {
    this.#head.textContent = radius === null ? "choose a log to see it alone" : `at radius ${radius}`;
    this.#entries.forEach(({ series, value }, i) => {
      value.textContent = radius === null || !selection.isShown(i) ? "" : valueText(series, radius, overlay);
    });
  }

  emphasise(chosen: number | null): void {
    this.#entries.forEach(({ item }, i) => item.classList.toggle("near", i === chosen));
  }
}

// "0.7341", or "0.7341 ≥ .7204" with a bound.
export function valueText({ log, curve }: Series, radius: number, overlay: BoundName | "none"): string {
  if (isBeyondTests(log, radius)) return notTested;
  const accuracy = accuracyText(certifiedAccuracy(curve, radius)) + (isBeyondProof(log, radius) ? beyondProof : "");
  const bound = overlay === "none" ? null : lowerBound(log.bounds, overlay, radius);
  return bound === null ? accuracy : `${accuracy} ${boundText(bound)}`;
}

function entryOf(series: Series, onClick: () => void): Entry {
  const value = html("span", { class: "value" });
  const item = button("", onClick, { class: "legend-item", title: series.log.description });
  item.append(swatch(series.style), nameOf(series.log.name), value);
  return { series, item, value };
}
