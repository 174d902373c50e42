// SPDX-License-Identifier: Apache-2.0
//
// At which radii a log says anything.

import { certifiedAccuracy, type Curve } from "./accuracy";
import type { Log } from "./data";

export const notTested = "–";
export const beyondProof = "†";

// Where it is not, none of the images need have failed: nothing was tried.
export function isTested(log: Log, r: number): boolean {
  if (log.radii_tested !== null) return log.radii_tested.includes(r);
  return log.most_tested === null || r <= log.most_tested;
}

// Whether r lies behind all radii that were tested.
export function isBeyondTests(log: Log, r: number): boolean {
  const last = log.radii_tested?.at(-1) ?? log.most_tested;
  return last !== null && r > last;
}

// Whether no image could be certified at r with the log's settings, however robust.
export function isBeyondProof(log: Log, r: number): boolean {
  return isTested(log, r) && log.provable_radius !== null && r > log.provable_radius;
}

// Null where r was not tested.
export function accuracyAt(log: Log, curve: Curve, r: number): number | null {
  return isTested(log, r) ? certifiedAccuracy(curve, r) : null;
}
