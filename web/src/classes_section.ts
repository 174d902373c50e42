// SPDX-License-Identifier: Apache-2.0
//
// Which classes are right and robust in one log, and which are taken for which.

import type { ChosenLog } from "./chosen_log";
import { curveOf } from "./accuracy";
import type { Log, Report } from "./data";
import { html, nameOf } from "./dom";
import { accuracyText, countText, roundedDown } from "./format";
import { tellingRadii } from "./overview_section";
import { isTested } from "./tested";
import { classText, hasRadii } from "./words";

const matrixClasses = 20; // that a matrix shows; of more, the commonest confusions are listed
const listed = 20;

export interface ClassLine {
  label: number;
  images: number;
  correct: number;
  certified: number[]; // at each radius
  radius: number; // sum
  abstained: number;
}

export interface Confusion {
  label: number;
  answer: number;
  images: number;
}

export function classesSection(report: Report, chosen: ChosenLog): HTMLElement {
  const content = html("div", { class: "pair" });
  chosen.follow((log) => {
    const curve = curveOf(log.rows, log.radii_tested);
    const radii = hasRadii(log) ? tellingRadii(log, curve, report.table_radii) : [];
    const lines = linesOf(log, radii);
    content.replaceChildren(classTable(log, lines, radii), confusionsOf(log, lines));
  });
  return html("section", { id: "classes" }, html("h2", {}, "Classes"), ...chosen.head("Log of the classes"), content);
}

// A line for each label that occurs, ascending.
export function linesOf(log: Log, radii: number[]): ClassLine[] {
  const lines = new Map<number, ClassLine>();
  const { rows } = log;
  for (let row = 0; row < rows.idx.length; ++row) {
    const label = rows.label[row];
    const line = lines.get(label) ?? { label, images: 0, correct: 0, certified: radii.map(() => 0), radius: 0, abstained: 0 };
    lines.set(label, line);
    ++line.images;
    if (rows.predict[row] === -1) ++line.abstained;
    else if (rows.correct[row] === 1) {
      ++line.correct;
      line.radius += rows.radius[row];
      radii.forEach((r, k) => (line.certified[k] += rows.radius[row] >= r ? 1 : 0));
    }
  }
  return [...lines.values()].sort((a, b) => a.label - b.label);
}

// How often each wrong answer was given, the commonest first.
export function confusions({ rows }: Log): Confusion[] {
  const counts = new Map<string, Confusion>();
  for (let row = 0; row < rows.idx.length; ++row) {
    const [label, answer] = [rows.label[row], rows.predict[row]];
    if (answer === -1 || rows.correct[row] === 1) continue;
    const entry = counts.get(`${label} ${answer}`) ?? { label, answer, images: 0 };
    counts.set(`${label} ${answer}`, { ...entry, images: entry.images + 1 });
  }
  return [...counts.values()].sort((a, b) => b.images - a.images || a.label - b.label || a.answer - b.answer);
}

function classTable(log: Log, lines: ClassLine[], radii: number[]): HTMLElement {
  const right = !hasRadii(log) || isTested(log, 0) ? ["accurate"] : [];
  const head = ["class", "images", ...right, ...radii.map((r) => `at ${r}`), ...(hasRadii(log) ? ["mean radius"] : []), "abstained"];
  const row = (line: ClassLine): HTMLElement => {
    const figures = [
      countText(line.images),
      ...right.map(() => accuracyText(line.correct / line.images)),
      ...line.certified.map((count) => accuracyText(count / line.images)),
      ...(hasRadii(log) ? [roundedDown(line.radius / line.images)] : []),
      accuracyText(line.abstained / line.images),
    ];
    return html("tr", {}, html("th", { scope: "row" }, nameOf(classText(line.label, log.class_names))), ...figures.map((text) => html("td", { class: "figure" }, text)));
  };
  return html(
    "div",
    {},
    html("h3", {}, hasRadii(log) ? "Certified accuracy by class" : "Answers by class"),
    html(
      "div",
      { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Accuracy by class" },
      html("table", { class: "classes" }, html("thead", {}, html("tr", {}, ...head.map((text, i) => html("th", { scope: "col", class: i === 0 ? "" : "figure" }, text)))), html("tbody", {}, ...lines.map(row))),
    ),
  );
}

function confusionsOf(log: Log, lines: ClassLine[]): HTMLElement {
  const all = confusions(log);
  const labels = [...new Set([...lines.map(({ label }) => label), ...all.map(({ answer }) => answer)])].sort((a, b) => a - b);
  const shown = all.length === 0 ? html("p", { class: "note" }, "No answer is wrong.") : labels.length <= matrixClasses ? matrix(log, lines, labels, all) : list(log, all);
  return html("div", {}, html("h3", {}, "What is taken for what"), shown);
}

// Rows are labels, columns answers. What is right has no shade, so that confusions are seen.
function matrix(log: Log, lines: ClassLine[], labels: number[], all: Confusion[]): HTMLElement {
  const most = all[0].images;
  const wrong = new Map(all.map((entry) => [`${entry.label} ${entry.answer}`, entry.images]));
  const cell = (line: ClassLine | undefined, label: number, answer: number): HTMLElement => {
    const images = label === answer ? (line?.correct ?? 0) : (wrong.get(`${label} ${answer}`) ?? 0);
    const td = html("td", { class: label === answer ? "figure right" : "figure", title: `${classText(label, log.class_names)} answered ${classText(answer, log.class_names)}: ${countText(images)}` }, images === 0 ? "" : countText(images));
    if (label !== answer && images > 0) td.style.setProperty("--shade", `${Math.round(10 + (60 * images) / most)}%`);
    return td;
  };
  const row = (label: number): HTMLElement => {
    const line = lines.find((entry) => entry.label === label);
    return html("tr", {}, html("th", { scope: "row" }, nameOf(classText(label, log.class_names))), ...labels.map((answer) => cell(line, label, answer)), html("td", { class: "figure" }, line?.abstained ? countText(line.abstained) : ""));
  };
  return html(
    "div",
    {},
    html(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusions" },
      html(
        "table",
        { class: "confusions" },
        html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "label"), ...labels.map((label) => html("th", { scope: "col", class: "figure", title: classText(label, log.class_names) }, String(label))), html("th", { scope: "col", class: "figure", title: "abstained" }, "–"))),
        html("tbody", {}, ...labels.map(row)),
      ),
    ),
    html("p", { class: "note" }, "A row is a label, a column an answer by its number; – abstained. Of these images."),
  );
}

function list(log: Log, all: Confusion[]): HTMLElement {
  const head = ["label", "answered", "images"];
  const rest = all.slice(listed).reduce((sum, { images }) => sum + images, 0);
  return html(
    "div",
    {},
    html(
      "table",
      { class: "confused" },
      html("thead", {}, html("tr", {}, ...head.map((text, i) => html("th", { scope: "col", class: i === 2 ? "figure" : "" }, text)))),
      html(
        "tbody",
        {},
        ...all.slice(0, listed).map(({ label, answer, images }) => html("tr", {}, ...[label, answer].map((one) => html("td", {}, nameOf(classText(one, log.class_names)))), html("td", { class: "figure" }, countText(images)))),
      ),
    ),
    rest === 0 ? null : html("p", { class: "note" }, `And ${countText(rest)} more wrong answers of ${countText(all.length - listed)} other kinds.`),
  );
}
