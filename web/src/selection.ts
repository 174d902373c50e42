// SPDX-License-Identifier: Apache-2.0
//
// Which series of a chart were chosen. Where none is chosen, all are shown.

export class Selection {
  readonly #chosen = new Set<number>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  isChosen(series: number): boolean {
    return this.#chosen.has(series);
  }

  isShown(series: number): boolean {
    return this.#chosen.size === 0 || this.#chosen.has(series);
  }

  showsAll(): boolean {
    return this.#chosen.size === 0;
  }

  toggle(series: number): void {
    if (!this.#chosen.delete(series)) this.#chosen.add(series);
    this.#onChange();
  }

  clear(): void {
    this.#chosen.clear();
    this.#onChange();
  }
}
