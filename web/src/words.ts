// SPDX-License-Identifier: Apache-2.0
//
// What the page calls things.

import type { BoundName } from "./accuracy";
import type { Log, Norm } from "./data";

export const normText: Record<Norm, string> = { l2: "ℓ2", l1: "ℓ1" };

export const radiusAxis = (norm: Norm): string => `${normText[norm]} radius (pixels in [0, 1])`;

export const accuracyAxis = "certified accuracy (share of images)";

export const boundChoices: [BoundName | "none", string][] = [
  ["none", "none"],
  ["appendix_d", "Appendix D"],
  ["inverted", "inverted"],
  ["uniform", "all radii at once"],
  ["population", "population"],
];

const right = "on which the smoothed classifier is right within the radius";

// What each bounds from below.
export const boundMeaning: Record<BoundName, string> = {
  appendix_d: `of the share of these images ${right}, for one radius at a time, by Bernstein’s inequality (appendix D of Cohen et al. 2019)`,
  inverted: `of the share of these images ${right}, for one radius at a time, by the exact binomial test inverted; never below Appendix D`,
  uniform: `of the share of these images ${right}, for all radii at once`,
  population: `of the share of the population, from which these images were drawn, ${right}, for one radius at a time`,
};

// "σ 0.25"; null where the log does not say.
export function scaleText(log: Log): string | null {
  const letter = { sigma: "σ", lambda: "λ" };
  return log.scale === null ? null : `${log.scale_name === null ? "level" : letter[log.scale_name]} ${log.scale}`;
}

// "σ 0.25, grid"
export function noiseText(log: Log): string | null {
  return [scaleText(log), log.noise].filter((part) => part !== null).join(", ") || null;
}

export function classText(label: number, names: string[] | null): string {
  const name = names?.[label];
  return name === undefined ? String(label) : `${label} ${name}`;
}

export const hasRadii = (log: Log): boolean => log.kind !== "predict";
