// SPDX-License-Identifier: Apache-2.0
//
// A chart as a file of its own: in light colours, its styles resolved, its legend within.

import { svg } from "./dom";
import { drawChart, type ChartLook, type Series } from "./draw_chart";
import { styleOf } from "./series";

const lineHeight = 20;
const top = 34; // of the drawing, below the title

export function chartFile(title: string, shown: Series[], look: ChartLook, notes: string[]): string {
  const { drawing } = drawChart(shown, look);
  drawing.querySelector("style")?.remove();
  const noteLines = notes.flatMap((note) => wrapped(note, 125));
  const legend = top + look.height + 10;
  const height = legend + (shown.length + noteLines.length) * lineHeight + 4;
  const file = svg(
    "svg",
    {
      width: `${look.width}`,
      height: `${height}`,
      viewBox: `0 0 ${look.width} ${height}`,
      fill: "var(--ink)",
      "font-family": "system-ui, sans-serif",
      "font-size": "12",
    },
    svg("rect", { width: "100%", height: "100%", fill: "var(--paper)" }),
    svg("text", { x: "4", y: "22", "font-size": "15", "font-weight": "600" }, shortened(title, 90)),
    svg("g", { transform: `translate(0, ${top})`, "text-anchor": "middle" }, ...drawing.childNodes),
    ...shown.map((series, i) => legendLine(series, legend + i * lineHeight)),
    ...noteLines.map((line, i) => svg("text", { x: "52", y: `${legend + (shown.length + i) * lineHeight + 6}` }, line)),
  );
  resolveStyles(file);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${withoutControlCharacters(new XMLSerializer().serializeToString(file))}\n`;
}

function legendLine({ log, style }: Series, y: number): SVGGElement {
  const { colour, dash } = styleOf(style);
  return svg(
    "g",
    {},
    svg("line", { x1: "52", x2: "86", y1: `${y}`, y2: `${y}`, stroke: colour, "stroke-width": "2", "stroke-dasharray": dash }),
    svg("text", { x: "96", y: `${y + 4}` }, shortened(log.description === "" ? log.name : `${log.name}: ${log.description}`, 110)),
  );
}

// Variables of the page become the light colours that they stand for.
function resolveStyles(file: SVGSVGElement): void {
  const light = document.createElement("div");
  light.dataset["theme"] = "light";
  document.body.append(light);
  const colours = getComputedStyle(light);
  const resolved = (value: string) =>
    value.replace(/var\((--[\w-]+)\)/g, (_, name: string) => colours.getPropertyValue(name).trim()).replaceAll("currentColor", colours.getPropertyValue("--ink").trim());
  for (const element of [file, ...file.querySelectorAll("*")])
    for (const { name, value } of [...element.attributes]) if (/var\(|currentColor/.test(value)) element.setAttribute(name, resolved(value));
  light.remove();
}

// Lines of whole words; a word that is too long is cut.
function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const longer = `${lines.at(-1) ?? ""} ${shortened(word, most)}`.trim();
    if (lines.length === 0 || longer.length > most) lines.push(shortened(word, most));
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

// Names often differ at their ends, so the middle goes.
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = most - 1;
  return `${text.slice(0, Math.ceil(kept / 2))}…${text.slice(text.length - Math.floor(kept / 2))}`;
}

// XML has no way to write them.
function withoutControlCharacters(xml: string): string {
  return xml.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
}
