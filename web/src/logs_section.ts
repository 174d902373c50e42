// SPDX-License-Identifier: Apache-2.0
//
// Where each log came from: its settings, its manifest as it is, and the command that repeats it.

import type { Log } from "./data";
import { button, html, nameOf } from "./dom";
import { noiseText, normText } from "./words";

export function logsSection(logs: Log[]): HTMLElement {
  return html("section", { id: "logs" }, html("h2", {}, "Logs"), ...logs.map(articleOf));
}

function articleOf(log: Log): HTMLElement {
  return html(
    "article",
    {},
    html("h3", {}, nameOf(log.name)),
    log.description === "" ? null : html("p", {}, log.description),
    html("dl", {}, ...settingsOf(log).map(([key, value]) => html("div", {}, html("dt", {}, key), html("dd", {}, value)))),
    log.command === null ? null : command(log.command),
    log.manifest === null
      ? html("p", { class: "note" }, "There is no manifest beside this log.")
      : html("details", {}, html("summary", {}, "Manifest"), pairs(Object.entries(log.manifest).map(([key, value]) => [key, valueText(value)]))),
  );
}

function settingsOf(log: Log): [string, string][] {
  const settings: [string, string | number | null][] = [
    ["kind", log.kind],
    ["method", log.method],
    ["noise", noiseText(log)],
    ["norm", normText[log.norm]],
    ["bound", log.bound],
    ["α", log.alpha],
    ["n", log.n?.toLocaleString("en-US") ?? null],
    ["trained with", log.training],
    ["illustration", log.illustration ? "yes: from scaled counts, not certificates" : null],
  ];
  return settings.flatMap(([key, value]): [string, string][] => (value === null ? [] : [[key, String(value)]]));
}

function pairs(entries: [string, string][]): HTMLElement {
  return html("table", { class: "pairs" }, html("tbody", {}, ...entries.map(([key, value]) => html("tr", {}, html("th", { scope: "row" }, key), html("td", {}, value)))));
}

function command(text: string): HTMLElement {
  const code = html("code", {}, text);
  const said = html("span", { role: "status", class: "said" });
  const copy = button("Copy", () => void copyText(text, code).then((message) => (said.textContent = message)));
  return html("div", { class: "command" }, html("pre", { tabindex: "0", "aria-label": "Command that repeats this log" }, code), html("div", {}, copy, said));
}

// Where the browser lends no clipboard, the text is selected for the reader's own keys.
async function copyText(text: string, code: HTMLElement): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return "copied";
  } catch {
    getSelection()?.selectAllChildren(code);
    return "selected: copy it with Ctrl+C";
  }
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
