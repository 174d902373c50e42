// SPDX-License-Identifier: Apache-2.0
//
// The votes of an image's samples, by class.

import { html } from "./dom";
import { countText } from "./format";
import { classText } from "./words";

const mostBars = 12;

export interface Votes {
  className: string; // a class's number, or "nan"
  votes: number;
}

// From "class:votes,...", most votes first. Empty where the text says nothing.
export function votesOf(counts: string | null | undefined): Votes[] {
  return (counts ?? "")
    .split(",")
    .flatMap((entry) => {
      const match = /^([^:]+):(\d+)$/.exec(entry.trim());
      return match === null ? [] : [{ className: match[1], votes: Number(match[2]) }];
    })
    .sort((a, b) => b.votes - a.votes);
}

// mark: what stands by the class `label`.
export function voteBars(all: Votes[], label: number, names: string[] | null, mark = "label"): HTMLElement {
  const rest = all.slice(mostBars);
  const total = all.reduce((sum, { votes }) => sum + votes, 0);
  const lines = all.slice(0, mostBars).map(({ className, votes }) => bar(named(className, names), votes, total, className === String(label) ? mark : null));
  if (rest.length > 0) lines.push(bar(`${rest.length} other classes`, rest.reduce((sum, { votes }) => sum + votes, 0), total, null));
  return html(
    "table",
    { class: "votes" },
    html("caption", {}, `Votes of ${countText(total)} samples`),
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
    html("td", { class: "figure" }, countText(votes)),
  );
}

function named(className: string, names: string[] | null): string {
  return /^\d+$/.test(className) ? classText(Number(className), names) : className;
}
