// SPDX-License-Identifier: Apache-2.0
//
// The names of a chart's series: buttons that isolate them, beside the values read at the crosshair.

import { certified_accuracy, lower_bound, type BoundName } from "./accuracy";
import { button, html, name_of } from "./dom";
import type { Series } from "./draw_chart";
import { accuracy_text, bound_text } from "./format";
import type { Selection } from "./selection";
import { swatch } from "./series";

interface Entry {
  series: Series;
  item: HTMLButtonElement;
  value: HTMLElement;
}

export class Legend {
  readonly element: HTMLElement;
  readonly #entries: Entry[];
  readonly #head = html("span", { class: "legend-head" });
  readonly #show_all: HTMLButtonElement;

  constructor(all: Series[], selection: Selection) {
    this.#entries = all.map((series, i) => entry_of(series, () => selection.toggle(i)));
    this.#show_all = button("Show all", () => selection.clear(), { class: "quiet" });
    this.element = html(
      "div",
      { class: "legend" },
      html("div", { class: "legend-bar" }, this.#head, this.#show_all),
      html("ul", {}, ...this.#entries.map(({ item }) => html("li", {}, item))),
    );
  }

  show(selection: Selection): void {
    this.#entries.forEach(({ item }, i) => {
      item.setAttribute("aria-pressed", String(selection.is_chosen(i)));
      item.classList.toggle("hidden-series", !selection.is_shown(i));
    });
    this.#show_all.style.visibility = selection.shows_all() ? "hidden" : "visible";
  }

  // Null: no radius is read.
  read(radius: number | null, overlay: BoundName | "none", selection: Selection): void {
    this.#head.textContent = radius === null ? "choose a log to see it alone" : `at radius ${radius}`;
    this.#entries.forEach(({ series, value }, i) => {
      value.textContent = radius === null || !selection.is_shown(i) ? "" : value_text(series, radius, overlay);
    });
  }

  emphasise(chosen: number | null): void {
    this.#entries.forEach(({ item }, i) => item.classList.toggle("near", i === chosen));
  }
}

// "0.7341", or "0.7341 ≥ .7204" with a bound.
export function value_text({ log, curve }: Series, radius: number, overlay: BoundName | "none"): string {
  const accuracy = accuracy_text(certified_accuracy(curve, radius));
  const bound = overlay === "none" ? null : lower_bound(log.bounds, overlay, radius);
  return bound === null ? accuracy : `${accuracy} ${bound_text(bound)}`;
}

function entry_of(series: Series, on_click: () => void): Entry {
  const value = html("span", { class: "value" });
  const item = button("", on_click, { class: "legend-item", title: series.log.description });
  item.append(swatch(series.style), name_of(series.log.name), value);
  return { series, item, value };
}
