// SPDX-License-Identifier: Apache-2.0
//
// What the program writes into the page: version 1 of the contract. Members bear the names that the JSON has.

export interface Report {
  version: 1;
  ballast: string; // the program's version
  title: string;
  table_radii: number[]; // radii of the tables
  rho: number; // probability with which a bound may be wrong
  logs: Log[];
  images: Record<string, ShownImage> | null; // by index in the data set
}

export type Kind = "certify" | "staged" | "predict";
export type Norm = "l2" | "l1";

export interface Log {
  name: string; // unique
  kind: Kind;
  description: string;
  scale_name: "sigma" | "lambda" | null;
  scale: number | null;
  noise: string | null;
  norm: Norm;
  bound: string | null;
  method: string | null;
  alpha: number | null;
  n: number | null;
  illustration: boolean; // from scaled counts: not certificates
  training: string | null;
  manifest: Record<string, unknown> | null;
  command: string | null; // repeats the run exactly
  radii_are_named: boolean; // certified only at the radii of radii_tested
  radii_tested: number[] | null;
  samples_per_image: number | null;
  seconds_per_image: number | null;
  mean_radius: number | null;
  mean_radius_bounds: { test_set: number; population: number } | null;
  predict_rates: { correct: number; wrong: number; abstained: number } | null;
  bounds: Bounds | null;
  rows: Rows;
  class_names: string[] | null;
}

// Lower bounds of certified accuracy on an ascending grid of radii.
export interface Bounds {
  radius: number[];
  appendix_d: number[];
  inverted: number[];
  uniform: number[];
  population: number[];
}

// One entry an image in every list.
export interface Rows {
  idx: number[];
  label: number[];
  predict: number[]; // -1: abstained
  radius: number[];
  correct: number[]; // 0 or 1
  samples: number[] | null;
  seconds: number[] | null;
  p_lower: number[] | null;
  counts: (string | null)[] | null; // "class:votes,..."
}

// data: addresses of an image and of noisy copies of it, by noise level.
export interface ShownImage {
  clean: string;
  noisy: Record<string, string[]>;
}
