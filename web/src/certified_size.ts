// SPDX-License-Identifier: Apache-2.0
//
// What a change of the certified size looks like: nothing of it, or of any smaller one, changes the answer.

import { html } from "./dom";
import { radiusText } from "./format";
import { changed, factorFor, pictureOf, randomChange, seenAlone, spotChange, type ChangeNorm, type Shape } from "./picture";

const normName: Record<ChangeNorm, string> = { l2: "ℓ2", l1: "ℓ1" };

// Three pictures with a line beneath; null where nothing is certified.
export function certifiedSize(pixels: number[], shape: Shape, norm: ChangeNorm, radius: number, seed: number): HTMLElement | null {
  if (!(radius > 0) || (shape.channels !== 1 && shape.channels !== 3)) return null;
  const everywhere = randomChange(pixels.length, norm, radius, seed);
  const spot = spotChange(pixels, shape, norm, radius);
  const factor = factorFor(everywhere);
  const pictures: [number[], string][] = [
    [changed(pixels, everywhere), "all pixels, at random"],
    [seenAlone(everywhere, factor), factor === 1 ? "that change alone" : `that change alone, ${factor} ×`],
    [changed(pixels, spot), "as few pixels as hold it"],
  ];
  return html(
    "figure",
    { class: "pictures size" },
    html("div", {}, ...pictures.map(([shown, name]) => html("figure", {}, pictureOf(shown, shape, name), html("figcaption", {}, name)))),
    html("figcaption", {}, `Changes as large as the certified radius, ${normName[norm]} ${radiusText(radius)} (cut off at black and white). By the certificate no change below that size alters the answer, whatever its shape.`),
  );
}
