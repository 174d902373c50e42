// SPDX-License-Identifier: Apache-2.0
//
// What logs of PREDICT say: shares of right, wrong and absent answers.

import type { Log } from "./data";
import { html, name_of } from "./dom";
import { accuracy_text, count_text, seconds_text } from "./format";
import { noise_text } from "./words";

export function prediction_section(logs: Log[]): HTMLElement {
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
        html("tbody", {}, ...logs.map(row_of)),
      ),
    ),
  );
}

function row_of(log: Log): HTMLTableRowElement {
  const rates = log.predict_rates;
  const figures = [
    ...(rates === null ? ["–", "–", "–"] : [rates.correct, rates.wrong, rates.abstained].map(accuracy_text)),
    count_text(log.rows.idx.length),
    log.samples_per_image === null ? "–" : count_text(log.samples_per_image),
    log.seconds_per_image === null ? "–" : seconds_text(log.seconds_per_image),
  ];
  return html(
    "tr",
    {},
    html("th", { scope: "row", class: "first" }, name_of(log.name)),
    html("td", {}, noise_text(log) ?? "–"),
    ...figures.map((text) => html("td", { class: "figure" }, text)),
  );
}
