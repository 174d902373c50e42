// SPDX-License-Identifier: Apache-2.0
//
// Curves and table of logs that can be compared: of one norm, of the same images, by noise or by a bound on the network.

import { cornersOf, type BoundName } from "./accuracy";
import { accuracyTable, saveAccuracyTable, type TableLook } from "./accuracy_table";
import { chartNotes, ChartView } from "./chart_view";
import type { Report } from "./data";
import { button, choice, html, nameOf } from "./dom";
import { save, saveCsv, type Cell } from "./download";
import type { AxisKind, Series } from "./draw_chart";
import { chartFile } from "./export_svg";
import type { Comparable } from "./comparable";
import { accuracyAt, isBeyondProof } from "./tested";
import { boundChoices, boundMeaning } from "./words";

export function normSection(report: Report, comparable: Comparable): HTMLElement {
  const { id, title, subject } = comparable;
  return html(
    "section",
    { id },
    html("h2", {}, title),
    html("p", { class: "subject" }, nameOf(subject)),
    ...curves(report, comparable),
    ...table(report, comparable),
  );
}

function curves(report: Report, { all, norm, file: name, title: what, subject }: Comparable): HTMLElement[] {
  const view = new ChartView(all, norm);
  const meaning = html("p", { class: "note" });
  const written = () => [meaning, ...chartNotes(view.shown())].map((note) => note.textContent ?? "");
  const file = name;
  const title = `${report.title}: ${what.charAt(0).toLowerCase()}${what.slice(1)}`;
  const axis = choice<AxisKind>("Vertical axis", [["linear", "linear"], ["log", "logarithmic"]], "linear", (kind) => (view.axis = kind));
  const overlay = choice("Lower bound", boundChoices, "none", (name) => {
    view.overlay = name;
    meaning.textContent = name === "none" ? "" : `The thinner lines are lower bounds ${boundMeaning[name]}. ${boundCaveat(report, all)}`;
  });
  return [
    toolbar(
      axis,
      anyBounds(all) ? overlay : null,
      button("Curves as SVG", () => save(`${file}.svg`, "image/svg+xml", chartFile(title, view.shown(), view.look(880, 500), [subject, ...written()]))),
      button("Curves as CSV", () => saveCsv(`${file}.csv`, ["log", "curve", "radius", "value"], curveLines(view.shown()))),
    ),
    view.element,
    meaning,
    ...chartNotes(all),
  ];
}

function table(report: Report, { all, file, title }: Comparable): HTMLElement[] {
  const look: TableLook = { radii: report.table_radii, bound: anyBounds(all) ? "inverted" : "none" };
  const place = html("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title });
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
      button("Table as CSV", () => saveAccuracyTable(`${file.replace("accuracy", "accuracy-table")}.csv`, all, look)),
    ),
    place,
    meaning,
  ];
}

function tableNote(report: Report, all: Series[], name: BoundName | "none"): string {
  const best = all.length > 1 ? "* The best of its column. " : "";
  const untested = report.table_radii.some((r) => all.some(({ log, curve }) => accuracyAt(log, curve, r) === null)) ? "– Not tested. " : "";
  const beyond = report.table_radii.some((r) => all.some(({ log }) => isBeyondProof(log, r))) ? "† Above the largest radius that this log can prove. " : "";
  const marks = best + untested + beyond;
  return name === "none" ? marks : `${marks}≥ A lower bound ${boundMeaning[name]}. ${boundCaveat(report, all)}`;
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
    const last = curve.tested === null ? radius.length - 1 : radius.length; // a fall to 0 is no corner of its own
    for (let i = 0; i < last; ++i) yield [log.name, "certified_accuracy", radius[i], accuracy[i]];
    if (log.bounds === null) continue;
    for (const name of ["appendix_d", "inverted", "uniform", "population"] as const)
      for (const [i, r] of log.bounds.radius.entries()) yield [log.name, name, r, log.bounds[name][i]];
  }
}

function toolbar(...controls: (HTMLElement | null)[]): HTMLElement {
  return html("div", { class: "toolbar" }, ...controls);
}

const anyBounds = (all: Series[]): boolean => all.some(({ log }) => log.bounds !== null);
