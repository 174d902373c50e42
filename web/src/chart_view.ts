// SPDX-License-Identifier: Apache-2.0
//
// The chart of one norm on the page: it fits its width, is read by pointer or arrow keys, and isolates curves.

import { certifiedAccuracy, type BoundName } from "./accuracy";
import { html, nameOf } from "./dom";
import { crosshairOf } from "./crosshair";
import { drawChart, type AxisKind, type Chart, type Series } from "./draw_chart";
import { radiusText } from "./format";
import { Legend, valueText } from "./legend";
import { Selection } from "./selection";
import type { Norm } from "./data";

const paper = { width: 690, height: 330 }; // fits A4 and Letter between margins
const reach = 14; // pixels from the pointer within which a curve is meant

export class ChartView {
  readonly element: HTMLElement;
  readonly #all: Series[];
  readonly #norm: Norm;
  readonly #legend: Legend;
  readonly #selection = new Selection(() => this.#showSelection());
  readonly #frame: HTMLElement;
  #chart: Chart | null = null;
  #axis: AxisKind = "linear";
  #overlay: BoundName | "none" = "none";
  #radius: number | null = null;
  #printing = false;

  constructor(all: Series[], norm: Norm) {
    this.#all = all;
    this.#norm = norm;
    this.#legend = new Legend(all, this.#selection);
    this.#frame = html("div", { class: "chart", tabindex: "0", role: "slider", "aria-label": "Radius at which the curves are read" });
    this.element = html("figure", { class: "curves" }, this.#frame, this.#legend.element);
    this.#listen();
    this.#showSelection();
    new ResizeObserver(() => this.#drawIfResized()).observe(this.#frame);
  }

  set axis(axis: AxisKind) {
    this.#axis = axis;
    this.#draw();
  }

  set overlay(overlay: BoundName | "none") {
    this.#overlay = overlay;
    this.#draw();
  }

  // For a file of its own: what is shown, at a fixed size.
  shown(): Series[] {
    return this.#all.filter((_, i) => this.#selection.isShown(i));
  }

  look(width: number, height: number): Parameters<typeof drawChart>[1] {
    return { norm: this.#norm, width, height, axis: this.#axis, overlay: this.#overlay };
  }

  #drawIfResized(): void {
    if (!this.#printing && this.#frame.clientWidth > 0 && this.#frame.clientWidth !== this.#chart?.drawing.width.baseVal.value) this.#draw();
  }

  #draw(): void {
    const size = this.#printing ? paper : this.#size();
    if (size.width === 0) return;
    this.#chart = drawChart(this.#all, this.look(size.width, size.height));
    this.#frame.replaceChildren(this.#chart.drawing);
    this.#frame.setAttribute("aria-valuemin", "0");
    this.#frame.setAttribute("aria-valuemax", String(this.#chart.largestRadius));
    this.#showSelection();
  }

  #size(): typeof paper {
    const width = this.#frame.clientWidth;
    return { width, height: Math.round(Math.min(Math.max(width * 0.62, 300), 480)) };
  }

  #print(printing: boolean): void {
    this.#printing = printing;
    this.#draw();
  }

  #showSelection(): void {
    this.#legend.show(this.#selection);
    this.#all.forEach(({ style }, i) => {
      const visibility = this.#selection.isShown(i) ? "visible" : "hidden";
      for (const group of this.#chart?.drawing.querySelectorAll<SVGElement>(`.series-${style}`) ?? []) group.style.visibility = visibility;
    });
    this.#read(this.#radius);
  }

  #read(radius: number | null): void {
    this.#radius = radius;
    this.#legend.read(radius, this.#overlay, this.#selection);
    const values = this.shown().map((series) => `${series.log.name} ${radius === null ? "" : valueText(series, radius, this.#overlay)}`);
    this.#frame.setAttribute("aria-valuenow", String(radius ?? 0));
    this.#frame.setAttribute("aria-valuetext", radius === null ? "none yet: use the arrow keys" : `${radius}: ${values.join(", ")}`);
    if (this.#chart === null) return;
    this.#frame.querySelector(".crosshair")?.remove();
    this.#frame.append(crosshairOf(this.#chart, this.shown(), radius));
  }

  #listen(): void {
    this.#frame.addEventListener("pointermove", (event) => this.#point(event));
    this.#frame.addEventListener("pointerdown", (event) => this.#point(event));
    this.#frame.addEventListener("pointerleave", () => {
      this.#legend.emphasise(null);
      this.#read(null);
    });
    this.#frame.addEventListener("click", (event) => {
      const near = this.#nearest(event);
      if (near !== null) this.#selection.toggle(near);
    });
    this.#frame.addEventListener("keydown", (event) => this.#press(event));
    addEventListener("beforeprint", () => this.#print(true));
    addEventListener("afterprint", () => this.#print(false));
  }

  #point(event: PointerEvent): void {
    if (this.#chart === null) return;
    const near = this.#nearest(event);
    this.#legend.emphasise(near);
    this.#frame.style.cursor = near === null ? "crosshair" : "pointer";
    this.#read(roundedToPixel(this.#chart, this.#place(event).x));
  }

  #press(event: KeyboardEvent): void {
    if (this.#chart === null) return;
    const end = this.#chart.largestRadius;
    const step = stepOf(end);
    const now = this.#radius ?? 0;
    const target: Record<string, number | null> = {
      ArrowRight: now + step * (event.shiftKey ? 10 : 1),
      ArrowUp: now + step,
      PageUp: now + 10 * step,
      ArrowLeft: now - step * (event.shiftKey ? 10 : 1),
      ArrowDown: now - step,
      PageDown: now - 10 * step,
      Home: 0,
      End: end,
      Escape: null,
    };
    const radius = target[event.key];
    if (radius === undefined) return;
    event.preventDefault();
    this.#read(radius === null ? null : onGrid(radius, step, end));
  }

  // The position in the drawing's own pixels.
  #place(event: MouseEvent): { x: number; y: number } {
    const box = this.#frame.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  // The shown series whose step is within reach of the pointer; null where there is none.
  #nearest(event: MouseEvent): number | null {
    const chart = this.#chart;
    if (chart === null) return null;
    const { x, y } = this.#place(event);
    let nearest: number | null = null;
    let least = reach;
    this.#all.forEach(({ curve }, i) => {
      if (!this.#selection.isShown(i)) return;
      const top = chart.y(certifiedAccuracy(curve, chart.radiusAt(x - 3)));
      const bottom = chart.y(certifiedAccuracy(curve, chart.radiusAt(x + 3)));
      const distance = Math.max(top - y, y - bottom, 0);
      if (distance >= least) return;
      nearest = i;
      least = distance;
    });
    return nearest;
  }
}

// What stands under the chart: what its curves do not say by themselves.
export function chartNotes(all: Series[]): HTMLElement[] {
  return [...all.flatMap(notesOf), ...endNote(all)];
}

// A curve that falls where its samples prove no more says nothing of its images there.
function endNote(all: Series[]): HTMLElement[] {
  const ended = all.filter(({ log, curve }) => log.radii_tested === null && log.provable_radius !== null && (curve.radii.at(-1) ?? 0) > 0.999 * log.provable_radius);
  if (ended.length === 0) return [];
  const ends = ended.flatMap(({ log }, i) => [i === 0 ? "" : ", ", nameOf(log.name), ` at ${radiusText(log.provable_radius ?? 0)}`]);
  return [html("p", { class: "note" }, "More samples would go further: these curves fall where a unanimous vote of all samples proves no larger radius, not where images fail: ", ...ends, ".")];
}

function notesOf({ log }: Series): HTMLElement[] {
  const notes: HTMLElement[] = [];
  if (log.radii_are_named)
    notes.push(
      html(
        "p",
        { class: "note" },
        nameOf(log.name),
        ` was certified only at the radii ${(log.radii_tested ?? []).join(", ")}, marked by points; between two of them its curve shows the value at the larger one, and it ends at the last.`,
      ),
    );
  if (log.illustration)
    notes.push(html("p", { class: "note" }, nameOf(log.name), " is an illustration from scaled counts: its radii are not certificates."));
  return notes;
}

// Decimals that tell one pixel from the next, and no more.
function roundedToPixel(chart: Chart, pixel: number): number {
  const radiusOfPixel = chart.radiusAt(200) - chart.radiusAt(199);
  const digits = Math.max(0, Math.ceil(-Math.log10(radiusOfPixel)));
  return Number(chart.radiusAt(pixel).toFixed(Math.min(digits, 12)));
}

// 1, 2 or 5 times a power of ten, so that about a hundred steps cross the axis.
function stepOf(end: number): number {
  const power = 10 ** Math.floor(Math.log10(end / 100));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= end / 100) ?? 10 * power;
}

// The nearest multiple of step from 0 to end.
function onGrid(radius: number, step: number, end: number): number {
  const steps = Math.min(Math.max(Math.round(radius / step), 0), Math.floor(end / step));
  return Number((steps * step).toPrecision(12));
}
