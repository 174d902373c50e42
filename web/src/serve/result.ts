// SPDX-License-Identifier: Apache-2.0
//
// The votes as they come in, the radius as it grows, and the answer.

import { certifiedSize } from "../certified_size";
import { button, html } from "../dom";
import { countText, durationText, radiusText, roundedDown } from "../format";
import { pictureOf } from "../picture";
import { voteBars } from "../votes";
import { classText } from "../words";
import type { Answer, Model, Progress, Told } from "./read_answers";

export class Result {
  readonly element = html("section", { id: "result", "aria-live": "polite", hidden: "" });
  readonly headline = html("h2", { id: "answer" });
  readonly radius = html("p", { id: "radius" });
  readonly progress = html("div", { id: "progress" });
  readonly stop: HTMLButtonElement;
  readonly votes = html("div", { id: "votes" });
  readonly size = html("div", { id: "size" });
  readonly noisy = html("figure", { id: "noisy", class: "pictures", hidden: "" });
  readonly smallPrint = html("p", { id: "small-print", class: "note" });
  private readonly filled = html("span", {});
  private readonly bar = html("div", { class: "bar-track", role: "progressbar", "aria-label": "samples drawn", "aria-valuemin": "0" }, this.filled);
  private readonly count = html("p", { id: "count" });
  private pixels: number[] = [];
  private latest: Progress | null = null;
  private began = 0;

  constructor(private readonly model: Model, onStop: () => void) {
    this.stop = button("Stop", onStop, { id: "stop" });
    this.progress.append(this.bar, html("div", { class: "toolbar" }, this.count, this.stop));
    const left = html("div", {}, this.headline, this.radius, this.progress, this.votes, this.smallPrint);
    this.element.append(left, html("div", {}, this.size, this.noisy));
  }

  // pixels: of the image that is asked about now.
  clear(pixels: number[]): void {
    this.pixels = pixels;
    this.latest = null;
    this.began = performance.now();
    this.element.hidden = false;
    this.headline.textContent = "Counting votes …";
    this.radius.textContent = "";
    this.smallPrint.textContent = "";
    this.count.textContent = "";
    this.filled.style.width = "0";
    this.progress.hidden = false;
    this.votes.replaceChildren();
    this.size.replaceChildren();
    this.noisy.hidden = true;
  }

  show(told: Told): void {
    if (told.kind === "pictures") this.showPictures(told.pictures);
    else if (told.kind === "progress") this.showProgress(told.progress);
    else this.showAnswer(told.answer);
  }

  // What the votes had proved by then stays proved: the test may be stopped for any reason.
  stopped(): void {
    this.progress.hidden = true;
    this.headline.textContent = "Stopped";
    const { latest } = this;
    if (latest === null || latest.radius === null) {
      this.radius.textContent = "Nothing had been proved by then.";
      return;
    }
    this.radius.textContent = `By then it was proved: class ${classText(latest.candidate, this.model.classNames)}, and no perturbation with an ℓ2 norm below ${radiusText(latest.radius)} changes that (pixels from 0 to 1).`;
    this.smallPrint.textContent = `${countText(latest.samples)} samples. Stopping at any time costs no certainty: as any answer of this server, it is wrong with probability at most its α.`;
    this.showSize(latest.radius);
  }

  private showPictures(pictures: number[][]): void {
    const samples = pictures.map((pixels, i) => pictureOf(pixels, this.model, `noisy sample ${i + 1}`));
    this.noisy.replaceChildren(html("div", {}, ...samples), html("figcaption", {}, "Some of the samples that vote, as drawn (cut off at black and white)"));
    this.noisy.hidden = false;
  }

  private showProgress(progress: Progress): void {
    this.latest = progress;
    const { samples, of, counts, candidate, radius } = progress;
    this.radius.textContent = radius === null ? "No radius is certified yet." : `Certified so far: ℓ2 radius ${radiusText(radius)}`;
    this.filled.style.width = `${Math.min(100, (100 * samples) / of)}%`;
    this.bar.setAttribute("aria-valuemax", String(of));
    this.bar.setAttribute("aria-valuenow", String(samples));
    const left = samples === 0 ? "" : `, at most ${durationText(((performance.now() - this.began) / 1000) * (of / samples - 1))} more`;
    this.count.textContent = `${countText(samples)} of ${countText(of)} samples${left}`;
    if (samples > 0) this.showVotes(counts.slice(0, -1), samples, candidate);
  }

  // counts: by class; the other samples had scores that held NaN.
  private showVotes(counts: number[], samples: number, candidate: number): void {
    const nan = counts.reduce((rest, votes) => rest - votes, samples);
    const votes = [...counts.map((votes, label) => ({ className: String(label), votes })), { className: "nan", votes: nan }];
    this.votes.replaceChildren(voteBars(votes.filter((entry) => entry.votes > 0).sort((a, b) => b.votes - a.votes), candidate, this.model.classNames, "tested"));
  }

  private showSize(radius: number): void {
    const figure = certifiedSize(this.pixels, this.model, "l2", radius, 1);
    this.size.replaceChildren(...(figure === null ? [] : [figure]));
  }

  private showAnswer({ label, radius, pLower, samples, counts, alpha, sigma, draw }: Answer): void {
    const abstains = label < 0;
    this.progress.hidden = true;
    this.headline.textContent = abstains ? "Abstains" : `Class ${classText(label, this.model.classNames)}`;
    this.radius.textContent = abstains
      ? "The votes do not prove a class."
      : `Certified: no perturbation with an ℓ2 norm below ${radiusText(radius)} changes this answer (pixels from 0 to 1).`;
    if (samples > 0) this.showVotes(counts, samples, label);
    if (!abstains) this.showSize(radius);
    const bound = abstains ? "" : `, the class’s probability is at least ${roundedDown(pLower)}`;
    this.smallPrint.textContent = `σ = ${sigma}, ${countText(samples)} samples${bound}. Wrong with probability at most α = ${alpha}. ${drawText(draw)}`;
  }
}

// What the noise was drawn from, for who wants to draw it again.
export function drawText(draw: string): string {
  const found = /^\{"seed":"(\d+)","index":(\d+)\}$/.exec(draw);
  if (found === null) return `Draw: ${draw}`;
  return `The noise was drawn under seed ${found[1]}, which nobody knew beforehand, for image ${found[2]} of the request; a run with --seed ${found[1]} draws the same again.`;
}
