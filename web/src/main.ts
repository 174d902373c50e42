// SPDX-License-Identifier: Apache-2.0
//
// The page of `ballast report`.

import "./style.css";
import { curveOf } from "./accuracy";
import type { Log, Norm, Report } from "./data";
import { html, nameOf } from "./dom";
import type { Series } from "./draw_chart";
import { countText } from "./format";
import { ImagesSection } from "./images_section";
import { logsSection } from "./logs_section";
import { normSection } from "./norm_section";
import { predictionSection } from "./prediction_section";
import { openDetailsInPrint } from "./print";
import { readReport } from "./read_report";
import { themeButton } from "./theme";
import { hasRadii, normText } from "./words";

function page(report: Report): HTMLElement[] {
  const certified = report.logs.filter(hasRadii).map((log, style): Series => ({ log, style, curve: curveOf(log.rows) }));
  const predicted = report.logs.filter((log) => !hasRadii(log));
  const norms = (["l2", "l1"] as const).filter((norm) => certified.some(({ log }) => log.norm === norm));
  return [
    header(report, norms, predicted),
    html(
      "main",
      {},
      ...(norms.length > 0 ? [howToRead(report)] : []),
      ...norms.map((norm) => normSection(report, norm, certified.filter(({ log }) => log.norm === norm))),
      ...(predicted.length > 0 ? [predictionSection(predicted)] : []),
      new ImagesSection(report).element,
      logsSection(report.logs),
    ),
    html("footer", {}, `Made by ballast report, version ${report.ballast}. Everything is in this file: it fetches nothing.`),
  ];
}

function header(report: Report, norms: Norm[], predicted: Log[]): HTMLElement {
  const links: [string, string][] = [
    ...norms.map((norm): [string, string] => [`#accuracy-${norm}`, `Certified accuracy, ${normText[norm]}`]),
    ...(predicted.length > 0 ? [["#prediction", "Prediction"] as [string, string]] : []),
    ["#images", "Images"],
    ["#logs", "Logs"],
  ];
  return html(
    "header",
    {},
    html("div", { class: "title" }, html("h1", {}, nameOf(report.title)), themeButton()),
    html("p", { class: "summary" }, summary(report)),
    html("nav", { "aria-label": "Parts of this report" }, ...links.map(([href, text]) => html("a", { href }, text))),
  );
}

// "8 logs, 500 to 10,000 images each. Ballast 0.1.0."
function summary({ logs, ballast }: Report): string {
  const sizes = logs.map((log) => log.rows.idx.length);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)].map(countText);
  const images = least === most ? least : `${least} to ${most}`;
  return `${logs.length === 1 ? "1 log" : `${logs.length} logs`}, ${images} images${logs.length === 1 ? "" : " each"}. Ballast ${ballast}.`;
}

function howToRead(report: Report): HTMLElement {
  return html(
    "p",
    { class: "lead" },
    "Certified accuracy at radius r is the share of images that are answered correctly with a certified radius of at least r. ",
    "It is approximate, as each certificate may be wrong with probability at most the α of its log. ",
    report.logs.some((log) => log.bounds !== null)
      ? `The lower bounds, marked ≥ and rounded down, allow for that: each is wrong with probability at most ρ = ${report.rho}.`
      : null,
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
    const report = readReport(carrier?.textContent ?? "");
    carrier?.remove();
    document.title = report.title;
    document.body.replaceChildren(...page(report));
    openDetailsInPrint();
  } catch (error) {
    document.title = "Ballast report";
    document.body.replaceChildren(trouble(error));
  }
}

start();
