// SPDX-License-Identifier: Apache-2.0
//
// The votes as they come in, the radius as it grows, and the answer.

import { html } from "../dom";
import { countText, radiusText, roundedDown } from "../format";
import { voteBars } from "../votes";
import { classText } from "../words";
import { pictureOf } from "./picture";
import type { Answer, Model, Progress, Told } from "./read_answers";

export class Result {
  readonly element = html("section", { id: "result", "aria-live": "polite", hidden: "" });
  readonly headline = html("h2", { id: "answer" });
  readonly radius = html("p", { id: "radius" });
  readonly votes = html("div", { id: "votes" });
  readonly noisy = html("figure", { id: "noisy", class: "pictures", hidden: "" });
  readonly smallPrint = html("p", { id: "small-print", class: "note" });

  constructor(private readonly model: Model) {
    this.element.append(this.headline, this.radius, this.votes, this.noisy, this.smallPrint);
  }

  clear(): void {
    this.element.hidden = false;
    this.headline.textContent = "Counting votes …";
    this.radius.textContent = "";
    this.smallPrint.textContent = "";
    this.votes.replaceChildren();
    this.noisy.hidden = true;
  }

  show(told: Told): void {
    if (told.kind === "pictures") this.showPictures(told.pictures);
    else if (told.kind === "progress") this.showProgress(told.progress);
    else this.showAnswer(told.answer);
  }

  private showPictures(pictures: number[][]): void {
    const samples = pictures.map((pixels, i) => pictureOf(pixels, this.model, `noisy sample ${i + 1}`));
    this.noisy.replaceChildren(html("div", {}, ...samples), html("figcaption", {}, "Some of the samples that vote, as drawn (cut off at black and white)"));
    this.noisy.hidden = false;
  }

  private showProgress({ samples, counts, candidate, radius }: Progress): void {
    this.radius.textContent = radius === null ? "No radius is certified yet." : `Certified so far: ℓ2 radius ${radiusText(radius)}`;
    if (samples > 0) this.showVotes(counts.slice(0, -1), samples, candidate);
  }

  // counts: by class; the other samples had scores that held NaN.
  private showVotes(counts: number[], samples: number, candidate: number): void {
    const nan = counts.reduce((rest, votes) => rest - votes, samples);
    const votes = [...counts.map((votes, label) => ({ className: String(label), votes })), { className: "nan", votes: nan }];
    this.votes.replaceChildren(voteBars(votes.filter((entry) => entry.votes > 0).sort((a, b) => b.votes - a.votes), candidate, this.model.classNames, "tested"));
  }

  private showAnswer({ label, radius, pLower, samples, counts, alpha, sigma, draw }: Answer): void {
    const abstains = label < 0;
    this.headline.textContent = abstains ? "Abstains" : `Class ${classText(label, this.model.classNames)}`;
    this.radius.textContent = abstains
      ? "The votes do not prove a class."
      : `Certified: no perturbation with an ℓ2 norm below ${radiusText(radius)} changes this answer (pixels from 0 to 1).`;
    if (samples > 0) this.showVotes(counts, samples, label);
    const bound = abstains ? "" : `, the class’s probability is at least ${roundedDown(pLower)}`;
    this.smallPrint.textContent = `σ = ${sigma}, ${countText(samples)} samples${bound}. Wrong with probability at most α = ${alpha}. Draw: ${draw}`;
  }
}
