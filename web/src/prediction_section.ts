// SPDX-License-Identifier: Apache-2.0
//
// What logs of PREDICT say: shares of right, wrong and absent answers.

import type { Log } from "./data";
import { html, nameOf } from "./dom";
import { accuracyText, countText, secondsText } from "./format";
import { noiseText } from "./words";

export function predictionSection(logs: Log[]): HTMLElement {
  const head = ["log", "noise", "correct", "wrong", "abstained", "images", "samples an image", "seconds an image"];
  return html(
    "section",
    { id: "prediction" },
    html("h2", {}, "Prediction"),
    html("p", {}, "Shares of the images. An answer is the smoothed classifier’s, wrong about that with probability at most α; it carries no radius."),
    html(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Prediction" },
      html(
        "table",
        {},
        html("thead", {}, html("tr", {}, ...head.map((name, i) => html("th", { scope: "col", class: i === 0 ? "first" : i > 1 ? "figure" : "" }, name)))),
        html("tbody", {}, ...logs.map(rowOf)),
      ),
    ),
  );
}

function rowOf(log: Log): HTMLTableRowElement {
  const rates = log.predict_rates;
  const figures = [
    ...(rates === null ? ["–", "–", "–"] : [rates.correct, rates.wrong, rates.abstained].map(accuracyText)),
    countText(log.rows.idx.length),
    log.samples_per_image === null ? "–" : countText(log.samples_per_image),
    log.seconds_per_image === null ? "–" : secondsText(log.seconds_per_image),
  ];
  return html(
    "tr",
    {},
    html("th", { scope: "row", class: "first" }, nameOf(log.name)),
    html("td", {}, noiseText(log) ?? "–"),
    ...figures.map((text) => html("td", { class: "figure" }, text)),
  );
}
