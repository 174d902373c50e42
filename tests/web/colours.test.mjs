// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { web } from "./page.mjs";

// Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1.
const sights = {
  full: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
};

const style = readFileSync(join(web, "src", "style.css"), "utf8");
const series = [...style.matchAll(/--series-\d: (#[0-9a-f]{6})/g)].map((match) => linear(match[1]));
const papers = [...style.matchAll(/--paper: (#[0-9a-f]{6})/g)].map((match) => linear(match[1]));

test("there are six colours of series in light and in dark", () => {
  assert.equal(series.length, 12);
  assert.equal(papers.length, 2);
});

for (const [theme, k] of [["light", 0], ["dark", 1]]) {
  const colours = series.slice(6 * k, 6 * k + 6);
  for (const [sight, matrix] of Object.entries(sights))
    test(`with ${sight} sight the ${theme} colours of series are at least 15 apart`, () => {
      const seen = colours.map((colour) => lab(matrix.map((line) => line.reduce((sum, weight, i) => sum + weight * colour[i], 0))));
      for (let a = 0; a < 6; ++a) for (let b = 0; b < a; ++b) assert.ok(Math.hypot(...seen[a].map((v, i) => v - seen[b][i])) >= 15, `${a} and ${b}`);
    });
  test(`each ${theme} colour of series has a contrast of at least 3 to the paper`, () => {
    for (const colour of colours) {
      const [low, high] = [luminance(colour), luminance(papers[k])].sort((a, b) => a - b);
      assert.ok((high + 0.05) / (low + 0.05) >= 3);
    }
  });
}

function linear(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
}

function luminance([r, g, b]) {
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function lab(colour) {
  const [r, g, b] = colour.map((c) => Math.min(1, Math.max(0, c)));
  const f = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(luminance([r, g, b]));
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
