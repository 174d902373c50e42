// SPDX-License-Identifier: Apache-2.0
//
// The rows of one log at a time: sorted, filtered, a page of them shown.

import type { ChosenLog } from "./chosen_log";
import type { Log, Report } from "./data";
import { button, choice, html } from "./dom";
import { saveCsv } from "./download";
import { countText, radiusText, secondsText } from "./format";
import { imageDetail } from "./image_detail";
import { everything, outcomeOf, rangesOf, rowsShown, type Column, type Filter, type Order, type Outcome } from "./rows_filter";
import { classText, hasRadii } from "./words";

const pageRows = 50;

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
  readonly #radiusFilter: HTMLElement;

  constructor(report: Report, chosen: ChosenLog) {
    this.#report = report;
    this.#log = chosen.log;
    this.#radiusFilter = html(
      "span",
      { class: "range" },
      this.#numberField("Radius from", (least) => ({ leastRadius: least ?? 0 })),
      this.#numberField("to", (most) => ({ mostRadius: most ?? Infinity })),
    );
    this.element = html(
      "section",
      { id: "images" },
      html("h2", {}, "Images"),
      this.#controls(chosen),
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
    chosen.follow((log) => this.#showLog(log));
  }

  // Turns to the page with this row of the log, and chooses it.
  goTo(row: number): void {
    if (!this.#shown.includes(row)) this.#showAll();
    this.#turnTo(Math.floor(this.#shown.indexOf(row) / pageRows));
    this.#choose(row);
    this.element.scrollIntoView();
    this.#table.querySelector<HTMLElement>(`tr[data-row="${row}"] button`)?.focus({ preventScroll: true });
  }

  #controls(chosen: ChosenLog): HTMLElement {
    const outcomes: [Outcome | "all", string][] = [["all", "all"], ["correct", "correct"], ["wrong", "wrong"], ["abstained", "abstained"]];
    return html(
      "div",
      { class: "toolbar" },
      chosen.control("Log"),
      choice("Show", outcomes, "all", (outcome) => this.#filterBy({ outcome })),
      this.#radiusFilter,
      this.#indexField(),
      button("Rows as CSV", () => this.#save()),
    );
  }

  #numberField(label: string, part: (value: number | null) => Partial<Filter>): HTMLElement {
    const field = html("input", { type: "number", min: "0", step: "any", inputmode: "decimal" });
    field.addEventListener("input", () => this.#filterBy(part(field.value === "" ? null : field.valueAsNumber)));
    return html("label", {}, label, " ", field);
  }

  #indexField(): HTMLElement {
    const field = html("input", { type: "search", placeholder: "e.g. 12, 40-50" });
    field.addEventListener("input", () => {
      try {
        this.#filterBy({ indices: rangesOf(field.value) });
        this.#trouble.textContent = "";
        field.removeAttribute("aria-invalid");
      } catch (error) {
        this.#trouble.textContent = (error as RangeError).message;
        field.setAttribute("aria-invalid", "true");
      }
    });
    return html("label", {}, "Image ", field);
  }

  #showLog(log: Log): void {
    this.#log = log;
    this.#radiusFilter.hidden = !hasRadii(log);
    this.#chosen = null;
    if (!this.#columns().includes(this.#order.column)) this.#order = { column: "idx", descending: false };
    this.#refresh();
    this.#showDetail();
  }

  // As if nothing had been filtered.
  #showAll(): void {
    this.#filter = everything;
    for (const field of this.element.querySelectorAll<HTMLInputElement>(".toolbar input")) field.value = "";
    for (const select of this.element.querySelectorAll<HTMLSelectElement>(".toolbar select:not([aria-label])")) select.value = "all";
    this.#trouble.textContent = "";
    this.#refresh();
  }

  #filterBy(part: Partial<Filter>): void {
    this.#filter = { ...this.#filter, ...part };
    this.#refresh();
  }

  #sortBy(column: Column): void {
    this.#order = { column, descending: this.#order.column === column && !this.#order.descending };
    this.#refresh();
    this.#table.querySelector<HTMLElement>(`th[data-column="${column}"] button`)?.focus();
  }

  #refresh(): void {
    const filter = hasRadii(this.#log) ? this.#filter : { ...this.#filter, leastRadius: 0, mostRadius: Infinity };
    this.#shown = rowsShown(this.#log.rows, filter, this.#order);
    this.#turnTo(0);
    this.#status.textContent = `${countText(this.#shown.length)} of ${countText(this.#log.rows.idx.length)} images`;
  }

  #turnTo(page: number): void {
    this.#page = Math.min(Math.max(page, 0), this.#pages() - 1);
    const rows = this.#shown.slice(this.#page * pageRows, (this.#page + 1) * pageRows);
    this.#table.replaceChildren(this.#head(), html("tbody", {}, ...rows.map((row) => this.#row(row))));
    const at = (to: number, label: string) => {
      const turn = button(label, () => this.#turnTo(to));
      turn.disabled = to < 0 || to >= this.#pages() || to === this.#page;
      return turn;
    };
    this.#pager.replaceChildren(
      at(0, "First"),
      at(this.#page - 1, "Previous"),
      html("span", {}, `page ${countText(this.#page + 1)} of ${countText(this.#pages())}`),
      at(this.#page + 1, "Next"),
      at(this.#pages() - 1, "Last"),
    );
  }

  #pages(): number {
    return Math.max(1, Math.ceil(this.#shown.length / pageRows));
  }

  #columns(): Column[] {
    const { rows } = this.#log;
    return (Object.keys(heads) as Column[]).filter((column) => {
      if (column === "radius") return hasRadii(this.#log);
      return column === "outcome" || rows[column] !== null;
    });
  }

  #head(): HTMLElement {
    return html("thead", {}, html("tr", {}, ...this.#columns().map((column) => this.#headCell(column))));
  }

  #headCell(column: Column): HTMLElement {
    const sorted = this.#order.column === column;
    const direction = sorted ? (this.#order.descending ? "descending" : "ascending") : "none";
    const arrow = html("span", { class: "arrow", "aria-hidden": "true" }, sorted ? (this.#order.descending ? "▼" : "▲") : "");
    const sort = button(heads[column], () => this.#sortBy(column), { class: "quiet" });
    sort.append(arrow);
    return html("th", { scope: "col", "aria-sort": direction, "data-column": column, class: isText(column) ? "" : "figure" }, sort);
  }

  #row(row: number): HTMLElement {
    const line = html("tr", { "data-row": String(row), class: outcomeOf(this.#log.rows, row) });
    if (row === this.#chosen) line.setAttribute("aria-current", "true");
    line.append(...this.#columns().map((column) => this.#cell(column, row)));
    line.addEventListener("click", () => this.#choose(row));
    return line;
  }

  #cell(column: Column, row: number): HTMLElement {
    // A click anywhere in the row chooses it; the button is there for keys.
    if (column === "idx") return html("th", { scope: "row", class: "figure" }, html("button", { type: "button", class: "quiet" }, String(this.#log.rows.idx[row])));
    return html("td", { class: isText(column) ? "" : "figure" }, this.#text(column, row));
  }

  #text(column: Column, row: number): string {
    const { rows, class_names: classNames } = this.#log;
    switch (column) {
      case "label":
        return classText(rows.label[row], classNames);
      case "predict":
        return rows.predict[row] === -1 ? "–" : classText(rows.predict[row], classNames);
      case "outcome":
        return outcomeOf(rows, row);
      case "radius":
        return radiusText(rows.radius[row]);
      case "p_lower":
        return radiusText(rows.p_lower?.[row] ?? 0);
      case "samples":
        return countText(rows.samples?.[row] ?? 0);
      case "seconds":
        return secondsText(rows.seconds?.[row] ?? 0);
      default:
        return String(rows.idx[row]);
    }
  }

  #choose(row: number | null): void {
    this.#chosen = row;
    for (const line of this.#table.querySelectorAll<HTMLElement>("tbody tr"))
      if (line.dataset["row"] === String(row)) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
    this.#showDetail();
  }

  #showDetail(): void {
    const row = this.#chosen;
    this.#detail.replaceChildren(
      ...(row === null
        ? [html("p", { class: "note" }, "Choose a row to see its image, votes and numbers.")]
        : [
            button("Close", () => this.#choose(null), { class: "quiet close" }),
            ...imageDetail(this.#log, row, this.#log.pictured ? this.#report.images?.[String(this.#log.rows.idx[row])] : undefined),
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
      (column) => rows[column] !== null && (column !== "radius" || hasRadii(this.#log)),
    );
    saveCsv(
      `images-${name.replace(/[^\w.-]+/g, "-")}.csv`,
      [...columns],
      this.#shown.map((row) => columns.map((column) => rows[column]?.[row] ?? null)),
    );
  }
}

const isText = (column: Column): boolean => ["label", "predict", "outcome"].includes(column);
