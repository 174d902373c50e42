// SPDX-License-Identifier: Apache-2.0
//
// The page of `ballast serve`: an image is dropped on it, and certified while one looks on.

import "../style.css";
import "./serve.css";
import { button, html, nameOf } from "../dom";
import { themeButton } from "../theme";
import { pictureOf } from "../picture";
import { pixelsOf } from "./picture";
import type { Model, SampleImage } from "./read_answers";
import { Result } from "./result";
import { certify, imagesOf, modelOf, TokenNeeded } from "./server";

let token = "";

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class Trial {
  private readonly file = html("input", { type: "file", accept: "image/*", id: "file" });
  private readonly inverted = html("input", { type: "checkbox", id: "inverted" });
  private readonly seen = html("figure", { id: "seen", class: "pictures", hidden: "" });
  private readonly trouble = html("p", { class: "trouble", role: "alert" });
  private readonly samples = html("div", { id: "samples", class: "wall", hidden: "" });
  private readonly result: Result;
  private image: Blob | null = null;
  private running: AbortController | null = null;

  constructor(private readonly model: Model) {
    this.result = new Result(model, () => this.stop());
    this.file.addEventListener("change", () => this.take(this.file.files?.[0]));
    this.inverted.addEventListener("change", () => this.image !== null && this.take(this.image));
  }

  elements(): HTMLElement[] {
    const { channels, height, width } = this.model;
    const place = html(
      "label",
      { class: "drop", for: "file" },
      html("strong", {}, "Drop an image here"),
      html("span", { class: "said" }, `or choose a file. Its middle is scaled to ${width} × ${height}${channels === 1 ? ", in grey" : ""}.`),
      this.file,
    );
    place.addEventListener("dragover", (event) => event.preventDefault());
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      this.take(event.dataTransfer?.files[0]);
    });
    const invert = channels === 1 ? html("div", { class: "toolbar" }, html("label", {}, this.inverted, " Invert (for models of light on dark)")) : null;
    return [place, invert, this.samples, this.trouble, html("div", { class: "asked" }, this.seen, this.result.element)].filter((element) => element !== null);
  }

  // Images of the server's own to try.
  offer(images: SampleImage[]): void {
    if (images.length === 0) return;
    const thumbs = images.map(({ name, pixels }) => {
      const thumb = button("", () => this.ask(pixels), { class: "thumb" });
      thumb.append(pictureOf(pixels, this.model, name), html("span", { class: "name" }, name));
      return thumb;
    });
    this.samples.replaceChildren(html("h2", {}, "Or try one of these"), html("div", {}, ...thumbs));
    this.samples.hidden = false;
  }

  private stop(): void {
    this.running?.abort();
    this.result.stopped();
  }

  private take(image: Blob | undefined): void {
    if (image === undefined) return;
    this.image = image;
    this.ask(() => pixelsOf(image, this.model, this.inverted.checked));
  }

  // The latest image is the one that is shown.
  private async ask(image: number[] | (() => Promise<number[]>)): Promise<void> {
    this.running?.abort();
    const run = (this.running = new AbortController());
    this.trouble.textContent = "";
    try {
      if (typeof image !== "function") this.image = null;
      const pixels = typeof image === "function" ? await image() : image;
      if (run.signal.aborted) return;
      this.seen.replaceChildren(html("div", {}, pictureOf(pixels, this.model, "the image")), html("figcaption", {}, "What the model gets"));
      this.seen.hidden = false;
      this.result.clear(pixels);
      await certify(pixels, this.model, token, run.signal, (told) => run.signal.aborted || this.result.show(told));
    } catch (error) {
      if (run.signal.aborted) return;
      this.result.element.hidden = true;
      this.trouble.textContent = `${messageOf(error)}.`;
    }
  }
}

function page(model: Model, ...main: HTMLElement[]): HTMLElement[] {
  return [
    html(
      "header",
      {},
      html("div", { class: "title" }, html("h1", {}, nameOf(model.name)), themeButton()),
      html("p", { class: "summary" }, "The smoothed classifier votes on noisy copies of an image, and proves how far the image may be changed without changing the answer."),
    ),
    html("main", {}, ...main),
    html("footer", {}, `Ballast ${model.version}. Images go to this server and nowhere else.`),
  ];
}

function tokenForm(): HTMLElement {
  const field = html("input", { type: "password", id: "token", autocomplete: "off" });
  const form = html("form", { class: "toolbar" }, html("label", { for: "token" }, "Token of this server"), field, html("button", { type: "submit" }, "Go on"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    token = field.value;
    start();
  });
  return form;
}

function trouble(error: unknown): HTMLElement {
  const text = error instanceof TokenNeeded && token === "" ? "This server wants a token." : `This does not work: ${messageOf(error)}.`;
  return html("main", { class: "failed", role: "alert" }, html("h1", {}, "Ballast"), html("p", {}, text), error instanceof TokenNeeded ? tokenForm() : null);
}

async function start(): Promise<void> {
  try {
    const model = await modelOf(token);
    if (model.channels !== 1 && model.channels !== 3) throw new Error(`the model takes images of ${model.channels} channels, which a picture has not`);
    document.title = `${model.name} – Ballast`;
    const trial = new Trial(model);
    document.body.replaceChildren(...page(model, ...trial.elements()));
    trial.offer(await imagesOf(model, token).catch(() => []));
  } catch (error) {
    document.body.replaceChildren(trouble(error));
  }
}

start();
