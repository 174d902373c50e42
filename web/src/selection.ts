// SPDX-License-Identifier: Apache-2.0
//
// Which series of a chart were chosen. Where none is chosen, all are shown.

export class Selection {
  readonly #chosen = new Set<number>();
  readonly #on_change: () => void;

  constructor(on_change: () => void) {
    this.#on_change = on_change;
  }

  is_chosen(series: number): boolean {
    return this.#chosen.has(series);
  }

  is_shown(series: number): boolean {
    return this.#chosen.size === 0 || this.#chosen.has(series);
  }

  shows_all(): boolean {
    return this.#chosen.size === 0;
  }

  toggle(series: number): void {
    if (!this.#chosen.delete(series)) this.#chosen.add(series);
    this.#on_change();
  }

  clear(): void {
    this.#chosen.clear();
    this.#on_change();
  }
}
