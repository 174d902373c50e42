// SPDX-License-Identifier: Apache-2.0
//
// One log in a few numbers: what it is of, how right, how robust, at what cost.

import { curveOf, lowerBound, type Curve } from "./accuracy";
import type { ChosenLog } from "./chosen_log";
import type { Log, Report } from "./data";
import { html, nameOf } from "./dom";
import { accuracyText, boundText, countText, durationText, largeText, roundedDown, secondsText } from "./format";
import { accuracyAt, isTested } from "./tested";
import { hasRadii, noiseText, normText } from "./words";

export function overviewSection(report: Report, chosen: ChosenLog): HTMLElement {
  const cards = html("div", { class: "cards" });
  const facts = html("dl", {});
  const note = html("p", { class: "note" });
  chosen.follow((log) => {
    cards.replaceChildren(...cardsOf(log, report));
    facts.replaceChildren(...factsOf(log).map(([key, value]) => html("div", {}, html("dt", {}, key), html("dd", {}, nameOf(value)))));
    note.textContent = log.bounds === null ? "" : `≥ Lower bounds for these images, each wrong with probability at most ${report.rho}.`;
  });
  return html("section", { id: "overview" }, html("h2", {}, "Overview"), ...chosen.head("Log of the overview"), cards, note, facts);
}

type Card = [label: string, value: string, beneath?: string | null];

function cardsOf(log: Log, report: Report): HTMLElement[] {
  const images: Card = ["images", countText(log.rows.idx.length)];
  const cards = hasRadii(log) ? certifiedCards(log, report.table_radii) : predictedCards(log);
  return [images, ...cards, ...costCards(log)].map(([label, value, beneath = null]) =>
    html("div", { class: "card" }, html("span", { class: "value" }, value), html("span", { class: "label" }, label), beneath === null ? null : html("small", {}, beneath)),
  );
}

function certifiedCards(log: Log, radii: number[]): Card[] {
  const curve = curveOf(log.rows, log.radii_tested);
  const accuracy = isTested(log, 0) ? [accuracyCard(log, curve, 0, "accurate")] : [];
  const mean: Card[] = log.mean_radius === null ? [] : [["mean radius", roundedDown(log.mean_radius), log.mean_radius_bounds === null ? null : boundText(log.mean_radius_bounds.test_set)]];
  return [...accuracy, ...tellingRadii(log, curve, radii).map((r) => accuracyCard(log, curve, r, `certified at ${r}`)), ...mean, abstained(log)];
}

function accuracyCard(log: Log, curve: Curve, r: number, label: string): Card {
  const bound = lowerBound(log.bounds, "inverted", r);
  return [label, accuracyText(accuracyAt(log, curve, r) ?? 0), bound === null ? null : boundText(bound)];
}

function predictedCards(log: Log): Card[] {
  const rates = log.predict_rates;
  if (rates === null) return [];
  return [["correct", accuracyText(rates.correct)], ["wrong", accuracyText(rates.wrong)], ["abstained", accuracyText(rates.abstained)]];
}

function abstained(log: Log): Card {
  const count = log.rows.predict.filter((answer) => answer === -1).length;
  return ["abstained", accuracyText(count / log.rows.predict.length)];
}

function costCards(log: Log): Card[] {
  const images = log.rows.idx.length;
  const samples: Card[] = log.samples_per_image === null || log.verifier !== null ? [] : [["samples", largeText(log.samples_per_image * images), `${countText(log.samples_per_image)} an image`]];
  const seconds: Card[] = log.seconds_per_image === null ? [] : [["time", durationText(log.seconds_per_image * images), `${secondsText(log.seconds_per_image)} s an image`]];
  return [...samples, ...seconds];
}

// Three of the table's radii above 0, spread over those at which something is certified.
export function tellingRadii(log: Log, curve: Curve, radii: number[]): number[] {
  const useful = radii.filter((r) => r > 0 && (accuracyAt(log, curve, r) ?? 0) > 0);
  if (useful.length <= 3) return useful;
  return [useful[0], useful[(useful.length - 1) >> 1], useful[useful.length - 1]];
}

function factsOf(log: Log): [string, string][] {
  const facts: [string, string | null][] = [
    ["data", log.data === null ? log.images : `${log.data}: ${log.images}`],
    ["model", log.model],
    ["noise", noiseText(log)],
    ["bound on the network", log.verifier],
    ["radii", hasRadii(log) ? `${normText[log.norm]}, pixels in [0, 1]` : null],
    ["each wrong with probability at most", log.alpha === null ? null : `α = ${log.alpha}`],
    ["note", log.illustration ? "an illustration from scaled counts: not certificates" : null],
  ];
  return facts.flatMap(([key, value]): [string, string][] => (value === null ? [] : [[key, value]]));
}
