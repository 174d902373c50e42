// SPDX-License-Identifier: Apache-2.0
//
// Certified accuracy, exactly as the rows say it.

import type { Bounds, Rows } from "./data";

// The certified radii of the images that are answered correctly, ascending.
export interface Curve {
  images: number;
  radii: Float64Array;
  tested: number[] | null; // the only radii at which anything was tested, ascending
}

// An abstention is never correct, whatever the row says.
export function curveOf(rows: Rows, tested: number[] | null = null): Curve {
  const right = rows.radius.filter((_, i) => rows.correct[i] === 1 && rows.predict[i] !== -1);
  return { images: rows.radius.length, radii: Float64Array.from(right).sort(), tested };
}

// The share of images that are correct with a radius of at least r.
export function certifiedAccuracy(curve: Curve, r: number): number {
  return (curve.radii.length - firstNotBelow(curve.radii, r)) / curve.images;
}

// The corners of the curve: accuracy[k] holds for every radius above radius[k - 1], up to and with radius[k].
export interface Corners {
  radius: number[];
  accuracy: number[];
}

// From radius 0 to the largest radius, where the accuracy falls to 0; where only certain radii were tested, from the first to the last of
// them, where it ends at its height.
export function cornersOf(curve: Curve): Corners {
  const { images, radii, tested } = curve;
  if (tested !== null) return { radius: tested, accuracy: tested.map((r) => certifiedAccuracy(curve, r)) };
  const corners: Corners = { radius: [0], accuracy: [radii.length / images] };
  for (let i = 0; i < radii.length; ++i) {
    if (i > 0 && radii[i] === radii[i - 1]) continue;
    corners.radius.push(radii[i]);
    corners.accuracy.push((radii.length - i) / images);
  }
  corners.radius.push(corners.radius[corners.radius.length - 1]);
  corners.accuracy.push(0);
  return corners;
}

export type BoundName = "appendix_d" | "inverted" | "uniform" | "population";

// A lower bound at r: the one at the least radius of the grid that is not below r, which holds at r all the more.
// Null beyond the grid.
export function lowerBound(bounds: Bounds | null, name: BoundName, r: number): number | null {
  if (bounds === null) return null;
  const k = firstNotBelow(bounds.radius, r);
  return k < bounds.radius.length ? bounds[name][k] : null;
}

// The least i with ascending[i] >= value; the length where there is none.
function firstNotBelow(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
