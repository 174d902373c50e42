// SPDX-License-Identifier: Apache-2.0
//
// Curves and table of the logs whose radii are of one norm. Norms are never compared with each other.

import { corners_of, type BoundName } from "./accuracy";
import { accuracy_table, save_accuracy_table, type TableLook } from "./accuracy_table";
import { chart_notes, ChartView } from "./chart_view";
import type { Norm, Report } from "./data";
import { button, choice, html } from "./dom";
import { save, save_csv, type Cell } from "./download";
import type { AxisKind, Series } from "./draw_chart";
import { chart_file } from "./export_svg";
import { bound_choices, bound_meaning, norm_text } from "./words";

export function norm_section(report: Report, norm: Norm, all: Series[]): HTMLElement {
  return html(
    "section",
    { id: `accuracy-${norm}` },
    html("h2", {}, `Certified accuracy, ${norm_text[norm]}`),
    ...curves(report, norm, all),
    ...table(report, norm, all),
  );
}

function curves(report: Report, norm: Norm, all: Series[]): HTMLElement[] {
  const view = new ChartView(all, norm);
  const meaning = html("p", { class: "note" });
  const written = () => [meaning, ...chart_notes(view.shown())].map((note) => note.textContent ?? "");
  const file = `certified-accuracy-${norm}`;
  const title = `${report.title}: certified accuracy, ${norm_text[norm]}`;
  const axis = choice<AxisKind>("Vertical axis", [["linear", "linear"], ["log", "logarithmic"]], "linear", (kind) => (view.axis = kind));
  const overlay = choice("Lower bound", bound_choices, "none", (name) => {
    view.overlay = name;
    meaning.textContent = name === "none" ? "" : `The thinner lines are lower bounds ${bound_meaning[name]}. ${bound_caveat(report, all)}`;
  });
  return [
    toolbar(
      axis,
      any_bounds(all) ? overlay : null,
      button("Curves as SVG", () => save(`${file}.svg`, "image/svg+xml", chart_file(title, view.shown(), view.look(880, 500), written()))),
      button("Curves as CSV", () => save_csv(`${file}.csv`, ["log", "curve", "radius", "value"], curve_lines(view.shown()))),
    ),
    view.element,
    meaning,
    ...chart_notes(all),
  ];
}

function table(report: Report, norm: Norm, all: Series[]): HTMLElement[] {
  const look: TableLook = { radii: report.table_radii, bound: any_bounds(all) ? "inverted" : "none" };
  const place = html("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Certified accuracy, ${norm_text[norm]}` });
  const meaning = html("p", { class: "note" });
  const show = (name: BoundName | "none"): void => {
    look.bound = name;
    place.replaceChildren(accuracy_table(all, look));
    meaning.textContent = table_note(report, all, name);
  };
  show(look.bound);
  return [
    toolbar(
      any_bounds(all) ? choice("Bound beneath", bound_choices, look.bound, show) : null,
      button("Table as CSV", () => save_accuracy_table(`certified-accuracy-table-${norm}.csv`, all, look)),
    ),
    place,
    meaning,
  ];
}

function table_note(report: Report, all: Series[], name: BoundName | "none"): string {
  const best = all.length > 1 ? "* The best of its column. " : "";
  return name === "none" ? best : `${best}≥ A lower bound ${bound_meaning[name]}. ${bound_caveat(report, all)}`;
}

function bound_caveat(report: Report, all: Series[]): string {
  const without = all.filter(({ log }) => log.bounds === null).map(({ log }) => log.name);
  const missing = without.length === 0 ? "" : ` No bounds are known for ${without.join(", ")}.`;
  return `Wrong with probability at most ρ = ${report.rho}, if the images were chosen before the results.${missing}`;
}

// Every corner: an accuracy holds up to its radius, and with it, from the one before.
function* curve_lines(shown: Series[]): Generator<Cell[]> {
  for (const { log, curve } of shown) {
    const { radius, accuracy } = corners_of(curve);
    for (let i = 0; i + 1 < radius.length; ++i) yield [log.name, "certified_accuracy", radius[i], accuracy[i]];
    if (log.bounds === null) continue;
    for (const name of ["appendix_d", "inverted", "uniform", "population"] as const)
      for (const [i, r] of log.bounds.radius.entries()) yield [log.name, name, r, log.bounds[name][i]];
  }
}

function toolbar(...controls: (HTMLElement | null)[]): HTMLElement {
  return html("div", { class: "toolbar" }, ...controls);
}

const any_bounds = (all: Series[]): boolean => all.some(({ log }) => log.bounds !== null);
