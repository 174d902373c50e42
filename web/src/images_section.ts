// SPDX-License-Identifier: Apache-2.0
//
// The rows of one log at a time: sorted, filtered, a page of them shown.

import type { Log, Report } from "./data";
import { button, choice, html } from "./dom";
import { save_csv } from "./download";
import { count_text, radius_text, seconds_text } from "./format";
import { image_detail } from "./image_detail";
import { everything, outcome_of, ranges_of, rows_shown, type Column, type Filter, type Order, type Outcome } from "./rows_filter";
import { class_text, has_radii } from "./words";

const page_rows = 50;

const heads: Record<Column, string> = {
  idx: "image",
  label: "label",
  predict: "answer",
  outcome: "outcome",
  radius: "radius",
  p_lower: "p lower",
  samples: "samples",
  seconds: "seconds",
};

export class ImagesSection {
  readonly element: HTMLElement;
  readonly #report: Report;
  #log: Log;
  #filter: Filter = everything;
  #order: Order = { column: "idx", descending: false };
  #shown: number[] = []; // positions in the log
  #page = 0;
  #chosen: number | null = null; // a position in the log

  readonly #table = html("table", { class: "images" });
  readonly #detail = html("aside", { class: "detail", "aria-label": "The chosen image", "aria-live": "polite" });
  readonly #status = html("p", { class: "status", role: "status" });
  readonly #trouble = html("p", { class: "trouble", role: "alert" });
  readonly #pager = html("div", { class: "toolbar pager" });
  readonly #radius_filter: HTMLElement;

  constructor(report: Report) {
    this.#report = report;
    this.#log = report.logs[0];
    this.#radius_filter = html(
      "span",
      { class: "range" },
      this.#number_field("Radius from", (least) => ({ least_radius: least ?? 0 })),
      this.#number_field("to", (most) => ({ most_radius: most ?? Infinity })),
    );
    this.element = html(
      "section",
      { id: "images" },
      html("h2", {}, "Images"),
      this.#controls(),
      this.#trouble,
      this.#status,
      html(
        "div",
        { class: "beside" },
        html("div", {}, html("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rows of the log" }, this.#table), this.#pager),
        this.#detail,
      ),
    );
    this.#table.addEventListener("keydown", (event) => this.#press(event));
    this.#show_log(this.#log);
  }

  #controls(): HTMLElement {
    const logs = this.#report.logs.map((log, i): [string, string] => [String(i), log.name]);
    const outcomes: [Outcome | "all", string][] = [["all", "all"], ["correct", "correct"], ["wrong", "wrong"], ["abstained", "abstained"]];
    return html(
      "div",
      { class: "toolbar" },
      choice("Log", logs, "0", (i) => this.#show_log(this.#report.logs[Number(i)])),
      choice("Show", outcomes, "all", (outcome) => this.#filter_by({ outcome })),
      this.#radius_filter,
      this.#index_field(),
      button("Rows as CSV", () => this.#save()),
    );
  }

  #number_field(label: string, part: (value: number | null) => Partial<Filter>): HTMLElement {
    const field = html("input", { type: "number", min: "0", step: "any", inputmode: "decimal" });
    field.addEventListener("input", () => this.#filter_by(part(field.value === "" ? null : field.valueAsNumber)));
    return html("label", {}, label, " ", field);
  }

  #index_field(): HTMLElement {
    const field = html("input", { type: "search", placeholder: "e.g. 12, 40-50" });
    field.addEventListener("input", () => {
      try {
        this.#filter_by({ indices: ranges_of(field.value) });
        this.#trouble.textContent = "";
        field.removeAttribute("aria-invalid");
      } catch (error) {
        this.#trouble.textContent = (error as RangeError).message;
        field.setAttribute("aria-invalid", "true");
      }
    });
    return html("label", {}, "Image ", field);
  }

  #show_log(log: Log): void {
    this.#log = log;
    this.#radius_filter.hidden = !has_radii(log);
    this.#chosen = null;
    if (!this.#columns().includes(this.#order.column)) this.#order = { column: "idx", descending: false };
    this.#refresh();
    this.#show_detail();
  }

  #filter_by(part: Partial<Filter>): void {
    this.#filter = { ...this.#filter, ...part };
    this.#refresh();
  }

  #sort_by(column: Column): void {
    this.#order = { column, descending: this.#order.column === column && !this.#order.descending };
    this.#refresh();
    this.#table.querySelector<HTMLElement>(`th[data-column="${column}"] button`)?.focus();
  }

  #refresh(): void {
    const filter = has_radii(this.#log) ? this.#filter : { ...this.#filter, least_radius: 0, most_radius: Infinity };
    this.#shown = rows_shown(this.#log.rows, filter, this.#order);
    this.#turn_to(0);
    this.#status.textContent = `${count_text(this.#shown.length)} of ${count_text(this.#log.rows.idx.length)} images`;
  }

  #turn_to(page: number): void {
    this.#page = Math.min(Math.max(page, 0), this.#pages() - 1);
    const rows = this.#shown.slice(this.#page * page_rows, (this.#page + 1) * page_rows);
    this.#table.replaceChildren(this.#head(), html("tbody", {}, ...rows.map((row) => this.#row(row))));
    const at = (to: number, label: string) => {
      const turn = button(label, () => this.#turn_to(to));
      turn.disabled = to < 0 || to >= this.#pages() || to === this.#page;
      return turn;
    };
    this.#pager.replaceChildren(
      at(0, "First"),
      at(this.#page - 1, "Previous"),
      html("span", {}, `page ${count_text(this.#page + 1)} of ${count_text(this.#pages())}`),
      at(this.#page + 1, "Next"),
      at(this.#pages() - 1, "Last"),
    );
  }

  #pages(): number {
    return Math.max(1, Math.ceil(this.#shown.length / page_rows));
  }

  #columns(): Column[] {
    const { rows } = this.#log;
    return (Object.keys(heads) as Column[]).filter((column) => {
      if (column === "radius") return has_radii(this.#log);
      return column === "outcome" || rows[column] !== null;
    });
  }

  #head(): HTMLElement {
    return html("thead", {}, html("tr", {}, ...this.#columns().map((column) => this.#head_cell(column))));
  }

  #head_cell(column: Column): HTMLElement {
    const sorted = this.#order.column === column;
    const direction = sorted ? (this.#order.descending ? "descending" : "ascending") : "none";
    const arrow = html("span", { class: "arrow", "aria-hidden": "true" }, sorted ? (this.#order.descending ? "▼" : "▲") : "");
    const sort = button(heads[column], () => this.#sort_by(column), { class: "quiet" });
    sort.append(arrow);
    return html("th", { scope: "col", "aria-sort": direction, "data-column": column, class: is_text(column) ? "" : "figure" }, sort);
  }

  #row(row: number): HTMLElement {
    const line = html("tr", { "data-row": String(row), class: outcome_of(this.#log.rows, row) });
    if (row === this.#chosen) line.setAttribute("aria-current", "true");
    line.append(...this.#columns().map((column) => this.#cell(column, row)));
    line.addEventListener("click", () => this.#choose(row));
    return line;
  }

  #cell(column: Column, row: number): HTMLElement {
    // A click anywhere in the row chooses it; the button is there for keys.
    if (column === "idx") return html("th", { scope: "row", class: "figure" }, html("button", { type: "button", class: "quiet" }, String(this.#log.rows.idx[row])));
    return html("td", { class: is_text(column) ? "" : "figure" }, this.#text(column, row));
  }

  #text(column: Column, row: number): string {
    const { rows, class_names } = this.#log;
    switch (column) {
      case "label":
        return class_text(rows.label[row], class_names);
      case "predict":
        return rows.predict[row] === -1 ? "–" : class_text(rows.predict[row], class_names);
      case "outcome":
        return outcome_of(rows, row);
      case "radius":
        return radius_text(rows.radius[row]);
      case "p_lower":
        return radius_text(rows.p_lower?.[row] ?? 0);
      case "samples":
        return count_text(rows.samples?.[row] ?? 0);
      case "seconds":
        return seconds_text(rows.seconds?.[row] ?? 0);
      default:
        return String(rows.idx[row]);
    }
  }

  #choose(row: number | null): void {
    this.#chosen = row;
    for (const line of this.#table.querySelectorAll<HTMLElement>("tbody tr"))
      if (line.dataset["row"] === String(row)) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
    this.#show_detail();
  }

  #show_detail(): void {
    const row = this.#chosen;
    this.#detail.replaceChildren(
      ...(row === null
        ? [html("p", { class: "note" }, "Choose a row to see its image, votes and numbers.")]
        : [
            button("Close", () => this.#choose(null), { class: "quiet close" }),
            ...image_detail(this.#log, row, this.#report.images?.[String(this.#log.rows.idx[row])]),
          ]),
    );
  }

  // Up and down go from row to row.
  #press(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const line = (event.target as Element).closest("tbody tr");
    if (step === undefined || line === null) return;
    const next = step > 0 ? line.nextElementSibling : line.previousElementSibling;
    event.preventDefault();
    next?.querySelector("button")?.focus();
  }

  #save(): void {
    const { rows, name } = this.#log;
    const columns = (["idx", "label", "predict", "correct", "radius", "p_lower", "samples", "seconds", "counts"] as const).filter(
      (column) => rows[column] !== null && (column !== "radius" || has_radii(this.#log)),
    );
    save_csv(
      `images-${name.replace(/[^\w.-]+/g, "-")}.csv`,
      [...columns],
      this.#shown.map((row) => columns.map((column) => rows[column]?.[row] ?? null)),
    );
  }
}

const is_text = (column: Column): boolean => ["label", "predict", "outcome"].includes(column);
