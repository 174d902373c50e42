// SPDX-License-Identifier: Apache-2.0
//
// What logs of PREDICT say: shares of right, wrong and absent answers.

import type { Log, Report } from "./data";
import { html, nameOf } from "./dom";
import { accuracyText, countText, secondsText } from "./format";
import { noiseText } from "./words";

export function predictionSection({ gold }: Report, logs: Log[]): HTMLElement {
  const judged = ["correct, accurate", "correct, inaccurate", "wrong, accurate", "wrong, inaccurate"];
  const head = ["log", "noise", "correct", "wrong", "abstained", ...(gold === null ? [] : judged), "images", "samples an image", "seconds an image"];
  return html(
    "section",
    { id: "prediction" },
    html("h2", {}, "Prediction"),
    html("p", {}, "Shares of the images. An answer is the smoothed classifier’s, wrong about that with probability at most α; it carries no radius."),
    gold === null ? null : html("p", {}, "Accurate: the answer is that of ", nameOf(gold), ", taken to be the smoothed classifier’s own."),
    html(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Prediction" },
      html(
        "table",
        {},
        html("thead", {}, html("tr", {}, ...head.map((name, i) => html("th", { scope: "col", class: i === 0 ? "first" : i > 1 ? "figure" : "" }, name)))),
        html("tbody", {}, ...logs.map((log) => rowOf(log, gold !== null))),
      ),
    ),
  );
}

function rowOf(log: Log, isJudged: boolean): HTMLTableRowElement {
  const { predict_rates: rates, gold_rates: by } = log;
  const judged = by === null ? ["–", "–", "–", "–"] : [by.correct_accurate, by.correct_inaccurate, by.wrong_accurate, by.wrong_inaccurate].map(accuracyText);
  const figures = [
    ...(rates === null ? ["–", "–", "–"] : [rates.correct, rates.wrong, rates.abstained].map(accuracyText)),
    ...(isJudged ? judged : []),
    countText(log.rows.idx.length),
    log.samples_per_image === null ? "–" : countText(log.samples_per_image),
    log.seconds_per_image === null ? "–" : secondsText(log.seconds_per_image),
  ];
  return html(
    "tr",
    {},
    html("th", { scope: "row", class: "first" }, nameOf(log.name), log.data === null ? null : html("small", {}, log.data)),
    html("td", {}, noiseText(log) ?? "–"),
    ...figures.map((text) => html("td", { class: "figure" }, text)),
  );
}
