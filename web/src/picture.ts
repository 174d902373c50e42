// SPDX-License-Identifier: Apache-2.0
//
// Pixels as pictures, and changes of a certified size to them. Pixels are numbers from 0 to 255, channels first.

import { html } from "./dom";

export interface Shape {
  channels: number; // 1 or 3
  height: number;
  width: number;
}

// A canvas with these pixels, cut off at black and white.
export function pictureOf(pixels: ArrayLike<number>, shape: Shape, name: string): HTMLCanvasElement {
  const canvas = canvasOf(shape);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", name);
  const size = shape.width * shape.height;
  const image = new ImageData(shape.width, shape.height);
  for (let i = 0; i < size; ++i)
    for (let channel = 0; channel < 4; ++channel) image.data[4 * i + channel] = channel === 3 ? 255 : pixels[(shape.channels === 1 ? 0 : channel * size) + i];
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return canvas;
}

export function canvasOf({ width, height }: Pick<Shape, "width" | "height">): HTMLCanvasElement {
  return html("canvas", { width: String(width), height: String(height) });
}

// Of a picture that was drawn: its red plane alone where there is one channel.
export function pixelsOfPicture(image: HTMLImageElement, channels: number): { pixels: number[]; shape: Shape } {
  const shape = { channels, height: image.naturalHeight, width: image.naturalWidth };
  const context = canvasOf(shape).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, shape.width, shape.height);
  const plane = (channel: number) => Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + channel]);
  return { pixels: (channels === 1 ? [0] : [0, 1, 2]).flatMap(plane), shape };
}

export type ChangeNorm = "l2" | "l1";

// In units of a pixel from 0 to 1.
export function normOf(change: ArrayLike<number>, norm: ChangeNorm): number {
  let sum = 0;
  for (let i = 0; i < change.length; ++i) sum += norm === "l2" ? (change[i] / 255) ** 2 : Math.abs(change[i]) / 255;
  return norm === "l2" ? Math.sqrt(sum) : sum;
}

// A change of every pixel in a random direction, of this norm; the same for the same seed.
export function randomChange(length: number, norm: ChangeNorm, size: number, seed: number): Float64Array {
  const next = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const laplace = () => (next() < 0.5 ? 1 : -1) * Math.log(1 - next());
  const change = Float64Array.from({ length }, norm === "l2" ? normal : laplace);
  const scale = size / normOf(change, norm);
  return change.map((value) => value * scale);
}

// A change of as few pixels as can hold this norm: around the middle, each to the farther of black and white, the last one in part.
export function spotChange(pixels: ArrayLike<number>, { channels, height, width }: Shape, norm: ChangeNorm, size: number): Float64Array {
  const positions = width * height;
  const distance = (i: number) => Math.hypot((i % width) - (width - 1) / 2, Math.floor(i / width) - (height - 1) / 2);
  const order = Array.from({ length: positions }, (_, i) => i).sort((a, b) => distance(a) - distance(b));
  const change = new Float64Array(channels * positions);
  const power = norm === "l2" ? 2 : 1;
  let left = size ** power; // of the sum of powers
  for (const position of order)
    for (let channel = 0; channel < channels && left > 0; ++channel) {
      const at = channel * positions + position;
      const most = pixels[at] < 128 ? 255 - pixels[at] : -pixels[at];
      const part = Math.min((Math.abs(most) / 255) ** power, left);
      change[at] = Math.sign(most) * 255 * part ** (1 / power);
      left -= part;
    }
  return change;
}

export function changed(pixels: ArrayLike<number>, change: ArrayLike<number>): number[] {
  return Array.from({ length: pixels.length }, (_, i) => pixels[i] + change[i]);
}

// A change seen by itself: grey where there is none, so many times as strong.
export function seenAlone(change: ArrayLike<number>, factor: number): number[] {
  return Array.from({ length: change.length }, (_, i) => 128 + factor * change[i]);
}

// A factor of 1, 2, 5, 10, ... that makes a change plain to see.
export function factorFor(change: ArrayLike<number>): number {
  const mean = Array.from({ length: change.length }, (_, i) => Math.abs(change[i])).reduce((sum, value) => sum + value, 0) / change.length;
  const wanted = 40 / Math.max(mean, 1e-9);
  const factors = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  return factors.filter((factor) => factor <= wanted).at(-1) ?? 1;
}

// Mulberry32.
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
