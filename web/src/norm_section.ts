// SPDX-License-Identifier: Apache-2.0
//
// Curves and table of the logs whose radii are of one norm. Norms are never compared with each other.

import { cornersOf, type BoundName } from "./accuracy";
import { accuracyTable, saveAccuracyTable, type TableLook } from "./accuracy_table";
import { chartNotes, ChartView } from "./chart_view";
import type { Norm, Report } from "./data";
import { button, choice, html } from "./dom";
import { save, saveCsv, type Cell } from "./download";
import type { AxisKind, Series } from "./draw_chart";
import { chartFile } from "./export_svg";
import { boundChoices, boundMeaning, normText } from "./words";

export function normSection(report: Report, norm: Norm, all: Series[]): HTMLElement {
  return html(
    "section",
    { id: `accuracy-${norm}` },
    html("h2", {}, `Certified accuracy, ${normText[norm]}`),
    ...curves(report, norm, all),
    ...table(report, norm, all),
  );
}

function curves(report: Report, norm: Norm, all: Series[]): HTMLElement[] {
  const view = new ChartView(all, norm);
  const meaning = html("p", { class: "note" });
  const written = () => [meaning, ...chartNotes(view.shown())].map((note) => note.textContent ?? "");
  const file = `certified-accuracy-${norm}`;
  const title = `${report.title}: certified accuracy, ${normText[norm]}`;
  const axis = choice<AxisKind>("Vertical axis", [["linear", "linear"], ["log", "logarithmic"]], "linear", (kind) => (view.axis = kind));
  const overlay = choice("Lower bound", boundChoices, "none", (name) => {
    view.overlay = name;
    meaning.textContent = name === "none" ? "" : `The thinner lines are lower bounds ${boundMeaning[name]}. ${boundCaveat(report, all)}`;
  });
  return [
    toolbar(
      axis,
      anyBounds(all) ? overlay : null,
      button("Curves as SVG", () => save(`${file}.svg`, "image/svg+xml", chartFile(title, view.shown(), view.look(880, 500), written()))),
      button("Curves as CSV", () => saveCsv(`${file}.csv`, ["log", "curve", "radius", "value"], curveLines(view.shown()))),
    ),
    view.element,
    meaning,
    ...chartNotes(all),
  ];
}

function table(report: Report, norm: Norm, all: Series[]): HTMLElement[] {
  const look: TableLook = { radii: report.table_radii, bound: anyBounds(all) ? "inverted" : "none" };
  const place = html("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Certified accuracy, ${normText[norm]}` });
  const meaning = html("p", { class: "note" });
  const show = (name: BoundName | "none"): void => {
    look.bound = name;
    place.replaceChildren(accuracyTable(all, look));
    meaning.textContent = tableNote(report, all, name);
  };
  show(look.bound);
  return [
    toolbar(
      anyBounds(all) ? choice("Bound beneath", boundChoices, look.bound, show) : null,
      button("Table as CSV", () => saveAccuracyTable(`certified-accuracy-table-${norm}.csv`, all, look)),
    ),
    place,
    meaning,
  ];
}

function tableNote(report: Report, all: Series[], name: BoundName | "none"): string {
  const best = all.length > 1 ? "* The best of its column. " : "";
  return name === "none" ? best : `${best}≥ A lower bound ${boundMeaning[name]}. ${boundCaveat(report, all)}`;
}

function boundCaveat(report: Report, all: Series[]): string {
  const without = all.filter(({ log }) => log.bounds === null).map(({ log }) => log.name);
  const missing = without.length === 0 ? "" : ` No bounds are known for ${without.join(", ")}.`;
  return `Wrong with probability at most ρ = ${report.rho}, if the images were chosen before the results.${missing}`;
}

// Every corner: an accuracy holds up to its radius, and with it, from the one before.
function* curveLines(shown: Series[]): Generator<Cell[]> {
  for (const { log, curve } of shown) {
    const { radius, accuracy } = cornersOf(curve);
    for (let i = 0; i + 1 < radius.length; ++i) yield [log.name, "certified_accuracy", radius[i], accuracy[i]];
    if (log.bounds === null) continue;
    for (const name of ["appendix_d", "inverted", "uniform", "population"] as const)
      for (const [i, r] of log.bounds.radius.entries()) yield [log.name, name, r, log.bounds[name][i]];
  }
}

function toolbar(...controls: (HTMLElement | null)[]): HTMLElement {
  return html("div", { class: "toolbar" }, ...controls);
}

const anyBounds = (all: Series[]): boolean => all.some(({ log }) => log.bounds !== null);
