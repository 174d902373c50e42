// SPDX-License-Identifier: Apache-2.0
//
// The votes as they come in, the radius as it grows, and the answer.

import { html } from "../dom";
import { count_text, radius_text, rounded_down } from "../format";
import { vote_bars } from "../votes";
import { picture_of } from "./picture";
import type { Answer, Model, Progress, Told } from "./server";

export class Result {
  readonly element = html("section", { id: "result", "aria-live": "polite", hidden: "" });
  readonly headline = html("h2", { id: "answer" });
  readonly radius = html("p", { id: "radius" });
  readonly votes = html("div", { id: "votes" });
  readonly noisy = html("figure", { id: "noisy", class: "pictures", hidden: "" });
  readonly small_print = html("p", { id: "small-print", class: "note" });

  constructor(private readonly model: Model) {
    this.element.append(this.headline, this.radius, this.votes, this.noisy, this.small_print);
  }

  clear(): void {
    this.element.hidden = false;
    this.headline.textContent = "Counting votes …";
    this.radius.textContent = "";
    this.small_print.textContent = "";
    this.votes.replaceChildren();
    this.noisy.hidden = true;
  }

  show(told: Told): void {
    if (told.kind === "pictures") this.show_pictures(told.pictures);
    else if (told.kind === "progress") this.show_progress(told.progress);
    else this.show_answer(told.answer);
  }

  private show_pictures(pictures: number[][]): void {
    const samples = pictures.map((pixels, i) => picture_of(pixels, this.model, `noisy sample ${i + 1}`));
    this.noisy.replaceChildren(html("div", {}, ...samples), html("figcaption", {}, "Some of the samples that vote, as drawn (cut off at black and white)"));
    this.noisy.hidden = false;
  }

  private show_progress({ samples, counts, candidate, radius }: Progress): void {
    this.radius.textContent = radius === null ? "No radius is certified yet." : `Certified so far: ℓ2 radius ${radius_text(radius)}`;
    if (samples > 0) this.show_votes(counts.slice(0, -1), samples, candidate);
  }

  // counts: by class; the other samples had scores that held NaN.
  private show_votes(counts: number[], samples: number, candidate: number): void {
    const nan = counts.reduce((rest, votes) => rest - votes, samples);
    const votes = [...counts.map((votes, label) => ({ class_name: String(label), votes })), { class_name: "nan", votes: nan }];
    this.votes.replaceChildren(vote_bars(votes.filter((entry) => entry.votes > 0).sort((a, b) => b.votes - a.votes), candidate, null, "tested"));
  }

  private show_answer({ label, radius, p_lower, samples, counts, alpha, sigma, draw }: Answer): void {
    const abstains = label < 0;
    this.headline.textContent = abstains ? "Abstains" : `Class ${label}`;
    this.radius.textContent = abstains
      ? "The votes do not prove a class."
      : `Certified: no perturbation with an ℓ2 norm below ${radius_text(radius)} changes this answer (pixels from 0 to 1).`;
    if (samples > 0) this.show_votes(counts, samples, label);
    const bound = abstains ? "" : `, the class’s probability is at least ${rounded_down(p_lower)}`;
    this.small_print.textContent = `σ = ${sigma}, ${count_text(samples)} samples${bound}. Wrong with probability at most α = ${alpha}. Draw: ${draw}`;
  }
}
