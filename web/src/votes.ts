// SPDX-License-Identifier: Apache-2.0
//
// The votes of an image's samples, by class.

import { html } from "./dom";
import { count_text } from "./format";
import { class_text } from "./words";

const most_bars = 12;

export interface Votes {
  class_name: string; // a class's number, or "nan"
  votes: number;
}

// From "class:votes,...", most votes first. Empty where the text says nothing.
export function votes_of(counts: string | null | undefined): Votes[] {
  return (counts ?? "")
    .split(",")
    .flatMap((entry) => {
      const match = /^([^:]+):(\d+)$/.exec(entry.trim());
      return match === null ? [] : [{ class_name: match[1], votes: Number(match[2]) }];
    })
    .sort((a, b) => b.votes - a.votes);
}

// mark: what stands by the class `label`.
export function vote_bars(all: Votes[], label: number, names: string[] | null, mark = "label"): HTMLElement {
  const rest = all.slice(most_bars);
  const total = all.reduce((sum, { votes }) => sum + votes, 0);
  const lines = all.slice(0, most_bars).map(({ class_name, votes }) => bar(named(class_name, names), votes, total, class_name === String(label) ? mark : null));
  if (rest.length > 0) lines.push(bar(`${rest.length} other classes`, rest.reduce((sum, { votes }) => sum + votes, 0), total, null));
  return html(
    "table",
    { class: "votes" },
    html("caption", {}, `Votes of ${count_text(total)} samples`),
    html("tbody", {}, ...lines),
  );
}

function bar(name: string, votes: number, total: number, mark: string | null): HTMLTableRowElement {
  const filled = html("span", { class: mark === null ? "bar" : "bar is-label" });
  filled.style.width = `${(100 * votes) / total}%`;
  return html(
    "tr",
    {},
    html("th", { scope: "row" }, html("bdi", {}, name), mark === null ? null : html("small", {}, mark)),
    html("td", { class: "track", "aria-hidden": "true" }, filled),
    html("td", { class: "figure" }, count_text(votes)),
  );
}

function named(class_name: string, names: string[] | null): string {
  return /^\d+$/.test(class_name) ? class_text(Number(class_name), names) : class_name;
}
