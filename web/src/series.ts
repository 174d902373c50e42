// SPDX-License-Identifier: Apache-2.0
//
// How one log's line is told from another's: by a colour that colour-blind readers can tell apart, and by its dashes,
// which remain in grey. The colours stand in style.css.

import { svg } from "./dom";

const colours = 6;
const dashes = ["none", "7 4", "2 3", "10 3 2 3", "15 4", "8 3 2 3 2 3", "4 2 1 2"];

export interface Style {
  colour: string;
  dash: string;
}

// Six colours and seven dashes: no two of 42 logs look the same.
export function styleOf(series: number): Style {
  return { colour: `var(--series-${series % colours})`, dash: dashes[series % dashes.length] };
}

export function swatch(series: number): SVGSVGElement {
  const { colour, dash } = styleOf(series);
  return svg(
    "svg",
    { class: "swatch", width: "34", height: "10", viewBox: "0 0 34 10", "aria-hidden": "true" },
    svg("line", { x1: "1", y1: "5", x2: "33", y2: "5", style: `stroke: ${colour}; stroke-width: 2; stroke-dasharray: ${dash}` }),
  );
}
