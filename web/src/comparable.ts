// SPDX-License-Identifier: Apache-2.0
//
// Which logs may stand on one axis and in one table: those of one norm and of the same images. Certificates of the smoothed classifier and
// bounds on the network itself are of different classifiers, and have parts of their own.

import { curveOf } from "./accuracy";
import type { Log, Norm } from "./data";
import type { Series } from "./draw_chart";
import { hasRadii, normText } from "./words";

export interface Comparable {
  id: string;
  title: string;
  file: string; // of downloads, without its ending
  norm: Norm;
  subject: string; // data, images and, where all have the same, the model
  all: Series[];
}

export function comparablesOf(logs: Log[]): Comparable[] {
  const series = logs.filter(hasRadii).map((log, style): Series => ({ log, style, curve: curveOf(log.rows, log.radii_tested) }));
  return [false, true].flatMap((verified) =>
    (["l2", "l1"] as const).flatMap((norm) => {
      const some = series.filter(({ log }) => log.norm === norm && (log.verifier !== null) === verified);
      const groups = [...new Set(some.map(({ log }) => log.image_group))];
      return groups.map((group, i) => comparable(norm, verified, some.filter(({ log }) => log.image_group === group), groups.length, i + 1));
    }),
  );
}

function comparable(norm: Norm, verified: boolean, all: Series[], groups: number, number: number): Comparable {
  const suffix = number === 1 ? norm : `${norm}-${number}`;
  const kind = verified ? "verified" : "certified";
  const of = groups === 1 ? "" : `: ${all[0].log.data ?? all[0].log.images}`;
  return {
    id: verified ? `verified-${suffix}` : `accuracy-${suffix}`,
    title: `${verified ? "Verified network" : "Certified accuracy"}, ${normText[norm]}${of}`,
    file: `${kind}-accuracy-${suffix}`,
    norm,
    subject: subjectOf(all.map(({ log }) => log)),
    all,
  };
}

export function subjectOf(logs: Log[]): string {
  const { data, images, model } = logs[0];
  const oneModel = logs.every((log) => log.model === model) && model !== null;
  const oneData = data !== null && logs.every((log) => log.data === data);
  return `${oneData ? `${data}: ` : ""}${images}${oneModel ? `; model ${model}` : ""}`;
}
