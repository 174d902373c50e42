// SPDX-License-Identifier: Apache-2.0
//
// From the text of a server's answers to values that are what they claim to be.

import { anything, DataError, list, notNegative, number, numbers, object, orNull, parsed, record, refuse, share, text, whole, type Reader } from "../readers";

export interface Model {
  name: string;
  version: string; // of the server
  channels: number;
  height: number;
  width: number;
  classNames: string[] | null; // by label
}

// What the server tells while votes come in.
export interface Progress {
  samples: number;
  of: number; // the most that are drawn
  counts: number[]; // by class, and last those for "nan"
  candidate: number;
  radius: number | null;
}

export interface Answer {
  label: number; // -1: abstains
  radius: number;
  pLower: number;
  samples: number;
  counts: number[]; // by class
  alpha: number;
  sigma: number;
  draw: string;
}

// An image to try the page with.
export interface SampleImage {
  name: string; // of its class
  pixels: number[];
}

// One line of the server's; the last one holds the answer.
export type Told = { kind: "pictures"; pictures: number[][] } | { kind: "progress"; progress: Progress } | { kind: "answer"; answer: Answer };

const largestSide = 4096; // of an image that a browser shows without trouble

const votes = numbers((value) => Number.isSafeInteger(value) && value >= 0, "a whole number from 0 on");
const bytes = numbers((value) => Number.isInteger(value) && value >= 0 && value <= 255, "a whole number from 0 to 255");
const side = whole(1, largestSide);
const channels = whole(1);

// Of the server as a whole: its version, and the name of its first model.
export function readServer(json: string): { version: string; name: string } {
  const read = answerOf("what it is", json, object({ version: text, models: list(text) }));
  if (read.models[0] === undefined) throw new DataError("the server names no model");
  return { version: read.version, name: read.models[0] };
}

// What a model takes, and what its classes are called where the server knows.
export function readModel(json: string): Omit<Model, "name" | "version"> {
  return answerOf("what its model takes", json, (value, place) => {
    const { inputs } = object({ inputs: list(object({ shape })) })(value, place);
    const all = record(anything)(value, place);
    const classNames = Object.hasOwn(all, "class_names") ? list(text)(all["class_names"], "class_names") : null;
    return { ...(inputs[0]?.shape ?? fail("the model has no input")), classNames };
  });
}

export function readImages(json: string, model: Model): SampleImage[] {
  return answerOf("its images", json, object({ images: list(object<SampleImage>({ name: text, pixels: pixelsFor(model) })) })).images;
}

// A line about an image of this model's; or what went wrong, which the last one may say.
export function readLine(json: string, model: Model): Told | { kind: "error"; error: string } {
  return answerOf("an image", json, (value, place) => {
    const line = record(anything)(value, place);
    if (Object.hasOwn(line, "error")) return { kind: "error", ...object({ error: text })(line, place) };
    if (Object.hasOwn(line, "pictures")) return { kind: "pictures", ...object({ pictures: list(pixelsFor(model)) })(line, place) };
    if (Object.hasOwn(line, "outputs")) return { kind: "answer", answer: answer(line, place) };
    return { kind: "progress", progress: progress(line, place) };
  });
}

// What a server says that does not answer as it was asked to; null where it says nothing that can be read.
export function readError(json: string): string | null {
  try {
    return parsed(json, object({ error: text })).error;
  } catch (error) {
    if (error instanceof DataError) return null;
    throw error;
  }
}

function answerOf<T>(question: string, json: string, reader: Reader<T>): T {
  try {
    return parsed(json, reader);
  } catch (error) {
    if (error instanceof DataError) throw new DataError(`the server’s answer about ${question} cannot be read: ${error.message}`);
    throw error;
  }
}

// [B,C,H,W], of which any number B may be -1.
const shape: Reader<Pick<Model, "channels" | "height" | "width">> = (value, place) => {
  const sizes = list(number)(value, place);
  if (sizes.length !== 4) refuse(value, place, "the shape of images, [B,C,H,W]");
  return { channels: channels(sizes[1], `${place}[1]`), height: side(sizes[2], `${place}[2]`), width: side(sizes[3], `${place}[3]`) };
};

function pixelsFor({ channels, height, width }: Model): Reader<number[]> {
  const size = channels * height * width;
  return (value, place) => {
    const pixels = bytes(value, place);
    if (pixels.length !== size) throw new DataError(`${place} has ${pixels.length} numbers, and must have ${size}`);
    return pixels;
  };
}

const progress: Reader<Progress> = object<Progress>({ samples: whole(0), of: whole(1), counts: votes, candidate: whole(0), radius: orNull(notNegative) });

const answer: Reader<Answer> = (value, place) => {
  const { outputs, parameters } = object({
    outputs: list(object({ name: text, data: list(anything) })),
    parameters: object({ alpha: number, sigma: number }),
  })(value, place);
  const data = (name: string) => outputs.find((tensor) => tensor.name === name)?.data ?? fail(`the output ${name} is missing`);
  const first = <T>(name: string, reader: Reader<T>) => reader(data(name)[0], `${name}[0]`);
  return {
    label: first("label", whole(-1)),
    radius: first("radius", notNegative),
    pLower: first("p_lower", share),
    samples: first("samples", whole(0)),
    counts: votes(data("counts"), "counts"),
    ...parameters,
    draw: first("draw", text),
  };
};

function fail(message: string): never {
  throw new DataError(message);
}
