// SPDX-License-Identifier: Apache-2.0
//
// From a file to the pixels that the model takes.

import { canvasOf } from "../picture";
import type { Model } from "./read_answers";

// The middle of the image in the model's shape, scaled to its size; bytes, channels first.
export async function pixelsOf(file: Blob, model: Model, inverted: boolean): Promise<number[]> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error("this file is no image that the browser can read");
  });
  const scale = Math.min(bitmap.width / model.width, bitmap.height / model.height);
  const [width, height] = [model.width * scale, model.height * scale];
  const context = canvasOf(model).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "white"; // behind what is transparent
  context.fillRect(0, 0, model.width, model.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (bitmap.width - width) / 2, (bitmap.height - height) / 2, width, height, 0, 0, model.width, model.height);
  const { data } = context.getImageData(0, 0, model.width, model.height);
  const planes = model.channels === 1 ? [grey(data)] : [0, 1, 2].map((channel) => plane(data, channel));
  return planes.flat().map((value) => (inverted ? 255 - value : value));
}

function plane(data: Uint8ClampedArray, channel: number): number[] {
  return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + channel]!);
}

// Luma of ITU-R BT.601, as most image libraries make grey.
function grey(data: Uint8ClampedArray): number[] {
  return Array.from({ length: data.length / 4 }, (_, i) => Math.round(0.299 * data[4 * i]! + 0.587 * data[4 * i + 1]! + 0.114 * data[4 * i + 2]!));
}
