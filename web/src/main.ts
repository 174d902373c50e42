// SPDX-License-Identifier: Apache-2.0
//
// The page of `ballast report`.

import "./style.css";
import { curve_of } from "./accuracy";
import type { Log, Norm, Report } from "./data";
import { html, name_of } from "./dom";
import type { Series } from "./draw_chart";
import { count_text } from "./format";
import { ImagesSection } from "./images_section";
import { logs_section } from "./logs_section";
import { norm_section } from "./norm_section";
import { prediction_section } from "./prediction_section";
import { open_details_in_print } from "./print";
import { read_report } from "./read_report";
import { theme_button } from "./theme";
import { has_radii, norm_text } from "./words";

function page(report: Report): HTMLElement[] {
  const certified = report.logs.filter(has_radii).map((log, style): Series => ({ log, style, curve: curve_of(log.rows) }));
  const predicted = report.logs.filter((log) => !has_radii(log));
  const norms = (["l2", "l1"] as const).filter((norm) => certified.some(({ log }) => log.norm === norm));
  return [
    header(report, norms, predicted),
    html(
      "main",
      {},
      ...(norms.length > 0 ? [how_to_read(report)] : []),
      ...norms.map((norm) => norm_section(report, norm, certified.filter(({ log }) => log.norm === norm))),
      ...(predicted.length > 0 ? [prediction_section(predicted)] : []),
      ...(report.logs.length > 0 ? [new ImagesSection(report).element, logs_section(report.logs)] : []),
    ),
    html("footer", {}, `Made by ballast report, version ${report.ballast}. Everything is in this file: it fetches nothing.`),
  ];
}

function header(report: Report, norms: Norm[], predicted: Log[]): HTMLElement {
  const links: [string, string][] = [
    ...norms.map((norm): [string, string] => [`#accuracy-${norm}`, `Certified accuracy, ${norm_text[norm]}`]),
    ...(predicted.length > 0 ? [["#prediction", "Prediction"] as [string, string]] : []),
    ["#images", "Images"],
    ["#logs", "Logs"],
  ];
  return html(
    "header",
    {},
    html("div", { class: "title" }, html("h1", {}, name_of(report.title)), theme_button()),
    html("p", { class: "summary" }, summary(report)),
    html("nav", { "aria-label": "Parts of this report" }, ...links.map(([href, text]) => html("a", { href }, text))),
  );
}

function summary(report: Report): string {
  const rows = report.logs.map((log) => log.rows.idx.length);
  const images = rows.every((count) => count === rows[0]) ? `${count_text(rows[0] ?? 0)} images each` : `${count_text(Math.min(...rows))} to ${count_text(Math.max(...rows))} images each`;
  if (report.logs.length === 1) return `1 log of ${count_text(rows[0])} images. Ballast ${report.ballast}.`;
  return report.logs.length === 0 ? "No logs." : `${report.logs.length} logs, ${images}. Ballast ${report.ballast}.`;
}

function how_to_read(report: Report): HTMLElement {
  return html(
    "p",
    { class: "lead" },
    "Certified accuracy at radius r is the share of images that are answered correctly with a certified radius of at least r. ",
    "It is approximate, as each certificate may be wrong with the probability α of its log. ",
    `The lower bounds, marked ≥ and rounded down, allow for that: each is wrong with probability at most ρ = ${report.rho}.`,
  );
}

// One message, and no half-drawn page.
function trouble(error: unknown): HTMLElement {
  const message = error instanceof Error ? error.message : String(error);
  return html("main", { class: "failed", role: "alert" }, html("h1", {}, "This report cannot be shown"), html("p", {}, `Its data is not as expected: ${message}.`));
}

function start(): void {
  const carrier = document.getElementById("ballast-data");
  try {
    const report = read_report(carrier?.textContent ?? "");
    carrier?.remove();
    document.title = report.title;
    document.body.replaceChildren(...page(report));
    open_details_in_print();
  } catch (error) {
    document.title = "Ballast report";
    document.body.replaceChildren(trouble(error));
  }
}

start();
