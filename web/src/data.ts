// SPDX-License-Identifier: Apache-2.0
//
// What the program writes into the page: version 1 of the contract. Members bear the names that the JSON has.

export interface Report {
  version: 1;
  ballast: string; // the program's version
  title: string;
  table_radii: number[]; // radii of the tables
  rho: number; // probability with which a bound may be wrong
  gold: string | null; // the log by which logs of PREDICT are judged
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
  data: string | null; // the data set
  images: string; // how many of how many, and which
  pictured: boolean; // whether the report's pictures are of this log's images
  image_group: number; // the same where logs are of the same images
  model: string | null;
  verifier: string | null; // of a deterministic bound on the network: no noise, no samples
  training: string | null;
  manifest: Record<string, unknown> | null;
  command: string | null; // repeats the run exactly
  radii_are_named: boolean; // certified only at the radii of radii_tested
  radii_tested: number[] | null;
  most_tested: number | null; // a search looked for no larger radius
  provable_radius: number | null; // the largest that its settings can prove; null where there is none, or it is not known
  samples_per_image: number | null;
  seconds_per_image: number | null;
  mean_radius: number | null;
  mean_radius_bounds: { test_set: number; population: number } | null;
  predict_rates: { correct: number; wrong: number; abstained: number } | null;
  gold_rates: GoldRates | null;
  bounds: Bounds | null;
  rows: Rows;
  class_names: string[] | null;
}

// Shares of answers by the label (correct) and by the gold standard (accurate).
export interface GoldRates {
  correct_accurate: number;
  correct_inaccurate: number;
  wrong_accurate: number;
  wrong_inaccurate: number;
  abstained: number;
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
  channels: number; // of what the model takes
  clean: string;
  noisy: Record<string, string[]>;
  attacked: AttackedImage | null; // what an attack made of it
}

export interface AttackedImage {
  picture: string;
  distance: number; // in l2
}
