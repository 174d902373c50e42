// SPDX-License-Identifier: Apache-2.0
//
// What the page calls things.

import type { BoundName } from "./accuracy";
import type { Log, Norm } from "./data";

export const norm_text: Record<Norm, string> = { l2: "ℓ2", l1: "ℓ1" };

export const radius_axis = (norm: Norm): string => `${norm_text[norm]} radius (pixels in [0, 1])`;

export const accuracy_axis = "certified accuracy (share of images)";

export const bound_choices: [BoundName | "none", string][] = [
  ["none", "none"],
  ["appendix_d", "Appendix D"],
  ["inverted", "inverted"],
  ["uniform", "all radii at once"],
  ["population", "population"],
];

const right = "on which the smoothed classifier is right within the radius";

// What each bounds from below.
export const bound_meaning: Record<BoundName, string> = {
  appendix_d: `of the share of these images ${right}, for one radius at a time, by Bernstein’s inequality (appendix D of Cohen et al. 2019)`,
  inverted: `of the share of these images ${right}, for one radius at a time, by the exact binomial test inverted; never below Appendix D`,
  uniform: `of the share of these images ${right}, for all radii at once`,
  population: `of the share of the population, from which these images were drawn, ${right}, for one radius at a time`,
};

// "σ 0.25"; null where the log does not say.
export function scale_text(log: Log): string | null {
  const letter = { sigma: "σ", lambda: "λ" };
  return log.scale === null ? null : `${log.scale_name === null ? "level" : letter[log.scale_name]} ${log.scale}`;
}

// "σ 0.25, grid"
export function noise_text(log: Log): string | null {
  return [scale_text(log), log.noise].filter((part) => part !== null).join(", ") || null;
}

export function class_text(label: number, names: string[] | null): string {
  const name = names?.[label];
  return name === undefined ? String(label) : `${label} ${name}`;
}

export const has_radii = (log: Log): boolean => log.kind !== "predict";
