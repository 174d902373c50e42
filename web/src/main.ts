// SPDX-License-Identifier: Apache-2.0
//
// The page of `ballast report`.

import "./style.css";
import { ChosenLog } from "./chosen_log";
import { classesSection } from "./classes_section";
import { comparablesOf, type Comparable } from "./comparable";
import type { Log, Report } from "./data";
import { distributionSection } from "./distribution_section";
import { html, nameOf } from "./dom";
import { countText } from "./format";
import { ImagesSection } from "./images_section";
import { logsSection } from "./logs_section";
import { normSection } from "./norm_section";
import { predictionSection } from "./prediction_section";
import { overviewSection } from "./overview_section";
import { openDetailsInPrint } from "./print";
import { readReport } from "./read_report";
import { themeButton } from "./theme";
import { wallSection } from "./wall_section";
import { hasRadii } from "./words";

function page(report: Report): HTMLElement[] {
  const comparables = comparablesOf(report.logs);
  const predicted = report.logs.filter((log) => !hasRadii(log));
  const chosen = new ChosenLog(report.logs);
  const images = new ImagesSection(report, chosen);
  return [
    header(report, comparables, predicted),
    html(
      "main",
      {},
      overviewSection(report, chosen),
      ...(comparables.length > 0 ? [howToRead(report, comparables)] : []),
      ...comparables.map((comparable) => normSection(report, comparable)),
      ...(predicted.length > 0 ? [predictionSection(report, predicted)] : []),
      distributionSection(chosen),
      classesSection(report, chosen),
      ...(report.images === null ? [] : [wallSection(report.images, chosen, (row) => images.goTo(row))]),
      images.element,
      logsSection(report.logs),
    ),
    html("footer", {}, `Made by ballast report, version ${report.ballast}. Everything is in this file: it fetches nothing.`),
  ];
}

function header(report: Report, comparables: Comparable[], predicted: Log[]): HTMLElement {
  const links: [string, string][] = [
    ["#overview", "Overview"],
    ...comparables.map(({ id, title }): [string, string] => [`#${id}`, title]),
    ...(predicted.length > 0 ? [["#prediction", "Prediction"] as [string, string]] : []),
    ["#distribution", "Radii and votes"],
    ["#classes", "Classes"],
    ...(report.images === null ? [] : [["#wall", "Most and least robust"] as [string, string]]),
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

function howToRead(report: Report, comparables: Comparable[]): HTMLElement {
  const groups = new Set(comparables.flatMap(({ all }) => all.map(({ log }) => log.image_group))).size;
  return html(
    "p",
    { class: "lead" },
    groups > 1 ? html("strong", {}, `These logs are of ${groups} different sets of images: each has a part of its own, as their accuracies are no comparison. `) : null,
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
