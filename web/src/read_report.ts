// SPDX-License-Identifier: Apache-2.0
//
// From the text in the page to a report that is as the contract says.

import type { AttackedImage, Bounds, GoldRates, Log, Report, Rows, ShownImage } from "./data";
import { anything, DataError, list, notNegative, number, numbers, object, oneOf, orNull, parsed, record, text, truth, whole as wholeNumber, type Reader } from "./readers";

// Throws DataError, saying what is wrong and where.
export function readReport(json: string): Report {
  if (!json.trimStart().startsWith("{")) throw new DataError("this is the empty page of `ballast report`, without data");
  const read = parsed(json, report);
  if (read.logs.length === 0) throw new DataError("there is no log in it");
  read.logs.forEach((log, i) => checkLog(log, `logs[${i}]`, read.logs));
  return read;
}

const whole = numbers((value) => Number.isSafeInteger(value), "an integer");
const lengths = numbers((value) => Number.isFinite(value) && value >= 0, "a number that is not negative");
const share = numbers((value) => value >= 0 && value <= 1, "a number from 0 to 1");

const rows: Reader<Rows> = object<Rows>({
  idx: whole,
  label: whole,
  predict: numbers((value) => Number.isSafeInteger(value) && value >= -1, "a class, or -1 for an abstention"),
  radius: lengths,
  correct: numbers((value) => value === 0 || value === 1, "0 or 1"),
  samples: orNull(lengths),
  seconds: orNull(lengths),
  p_lower: orNull(share),
  counts: orNull(list(orNull(text))),
});

const bounds: Reader<Bounds> = object<Bounds>({
  radius: lengths,
  appendix_d: share,
  inverted: share,
  uniform: share,
  population: share,
});

const log: Reader<Log> = object<Log>({
  name: text,
  kind: oneOf("certify", "staged", "predict"),
  description: text,
  scale_name: orNull(oneOf("sigma", "lambda")),
  scale: orNull(number),
  noise: orNull(text),
  norm: oneOf("l2", "l1"),
  bound: orNull(text),
  method: orNull(text),
  alpha: orNull(number),
  n: orNull(number),
  illustration: truth,
  data: orNull(text),
  images: text,
  pictured: truth,
  image_group: wholeNumber(0),
  model: orNull(text),
  verifier: orNull(text),
  training: orNull(text),
  manifest: orNull(record(anything)),
  command: orNull(text),
  radii_are_named: truth,
  radii_tested: orNull(lengths),
  most_tested: orNull(notNegative),
  provable_radius: orNull(notNegative),
  samples_per_image: orNull(notNegative),
  seconds_per_image: orNull(notNegative),
  mean_radius: orNull(notNegative),
  mean_radius_bounds: orNull(object({ test_set: notNegative, population: notNegative })),
  predict_rates: orNull(object({ correct: notNegative, wrong: notNegative, abstained: notNegative })),
  gold_rates: orNull(
    object<GoldRates>({ correct_accurate: notNegative, correct_inaccurate: notNegative, wrong_accurate: notNegative, wrong_inaccurate: notNegative, abstained: notNegative }),
  ),
  bounds: orNull(bounds),
  rows,
  class_names: orNull(list(text)),
});

const picture: Reader<string> = (value, place) => {
  const address = text(value, place);
  if (!address.startsWith("data:image/")) throw new DataError(`${place} must begin with "data:image/"`);
  return address;
};

const report: Reader<Report> = object<Report>({
  version: oneOf(1),
  ballast: text,
  title: text,
  table_radii: lengths,
  rho: number,
  gold: orNull(text),
  logs: list(log),
  images: orNull(record(object<ShownImage>({ channels: wholeNumber(1), clean: picture, noisy: record(list(picture)), attacked: orNull(object<AttackedImage>({ picture, distance: number })) }))),
});

// What a list by itself cannot show.
function checkLog(log: Log, place: string, all: Log[]): void {
  if (all.find((other) => other.name === log.name) !== log) throw new DataError(`${place}.name is ${JSON.stringify(log.name)}, as another log's`);
  const images = log.rows.idx.length;
  if (images === 0) throw new DataError(`${place}.rows has no rows`);
  sameLengths(log.rows, images, "idx", `${place}.rows`);
  if (log.bounds === null) return;
  sameLengths(log.bounds, log.bounds.radius.length, "radius", `${place}.bounds`);
  if (log.bounds.radius.some((r, i, radii) => i > 0 && r <= radii[i - 1])) throw new DataError(`${place}.bounds.radius must ascend`);
}

function sameLengths(lists: Rows | Bounds, length: number, first: string, place: string): void {
  for (const [key, entries] of Object.entries(lists) as [string, unknown[] | null][])
    if (entries !== null && entries.length !== length)
      throw new DataError(`${place}.${key} has ${entries.length} entries, and ${first} has ${length}: every list must be as long`);
}
