// SPDX-License-Identifier: Apache-2.0
//
// The one log that the page looks into: every part that does shows the same.

import type { Log } from "./data";
import { html, nameOf } from "./dom";

export class ChosenLog {
  readonly logs: Log[];
  #log: Log;
  readonly #listeners: ((log: Log) => void)[] = [];

  constructor(logs: Log[]) {
    this.logs = logs;
    this.#log = logs[0];
  }

  get log(): Log {
    return this.#log;
  }

  choose(log: Log): void {
    this.#log = log;
    for (const tell of this.#listeners) tell(log);
  }

  // Calls tell now and whenever another log is chosen.
  follow(tell: (log: Log) => void): void {
    this.#listeners.push(tell);
    tell(this.#log);
  }

  // What stands above a part: the control, and for paper, or where there is only one log, its name.
  head(label: string): HTMLElement[] {
    const control = this.control(label);
    const name = html("p", { class: control === null ? "subject" : "subject in-print" });
    this.follow((log) => name.replaceChildren(nameOf(log.name)));
    return control === null ? [name] : [html("div", { class: "toolbar" }, control), name];
  }

  // label: what is read aloud. Nothing where there is only one log.
  control(label: string): HTMLElement | null {
    if (this.logs.length < 2) return null;
    const select = html("select", { "aria-label": label }, ...this.logs.map(({ name }, i) => html("option", { value: String(i) }, name)));
    select.addEventListener("change", () => this.choose(this.logs[Number(select.value)]));
    this.follow((log) => (select.value = String(this.logs.indexOf(log))));
    return html("label", {}, "Log ", select);
  }
}
