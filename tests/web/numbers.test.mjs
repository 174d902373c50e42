// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./modules.mjs";

const { accuracyText, roundedDown, boundText, radiusText, countText, secondsText, durationText, largeText } = await load("format");
const { curveOf, certifiedAccuracy, cornersOf, lowerBound } = await load("accuracy");
const { rowsShown, rangesOf, everything } = await load("rows_filter");
const { csv } = await load("download");
const { normOf, randomChange, spotChange } = await load("picture");

const rows = {
  idx: [10, 20, 30, 40, 50, 60],
  label: [1, 2, 3, 4, 5, 6],
  predict: [1, 2, 3, 0, -1, 6],
  radius: [0.5, 0.25, 0.75, 0.9, 2, 0.5],
  correct: [1, 1, 1, 0, 1, 1],
  samples: null,
  seconds: null,
  p_lower: null,
  counts: null,
};

test("an accuracy is written to 4 decimals, ties to even as the program writes it", () => {
  assert.equal(accuracyText(0.7321), "0.7321");
  assert.equal(accuracyText(1 / 3), "0.3333");
  assert.equal(accuracyText(2 / 3), "0.6667");
  assert.equal(accuracyText(1 / 32), "0.0312");
  assert.equal(accuracyText(3 / 32), "0.0938");
  assert.equal(accuracyText(1), "1.0000");
  assert.equal(accuracyText(0.99999), "1.0000");
});

test("a bound is never written above its exact value", () => {
  assert.equal(roundedDown(0.3), "0.2999"); // the double nearest to 0.3 lies below it
  assert.equal(roundedDown(0.5), "0.5000");
  assert.equal(roundedDown(0.99999), "0.9999");
  assert.equal(roundedDown(1e-9), "0.0000");
  assert.equal(boundText(0.73219), "≥ .7321");
  assert.equal(boundText(1), "≥ 1.0000");
  let x = 1;
  for (let i = 0; i < 10_000; ++i) {
    x = (x * 48271) % 2147483647;
    const value = x / 2147483647;
    const written = BigInt(roundedDown(value).replace(".", "")); // in units of 0.0001
    const exact = BigInt(value * 2 ** 120) * 10_000n; // in units of 0.0001 * 2^-120
    assert.ok(written << 120n <= exact && exact < (written + 1n) << 120n, `${value}`);
  }
});

test("a radius keeps the digits of its log", () => {
  assert.equal(radiusText(0.3), "0.3000");
  assert.equal(radiusText(0.123456), "0.1234");
  assert.equal(radiusText(0), "0.0000");
  assert.equal(radiusText(1e-7), "0.0000");
});

test("counts have thousands and seconds three digits", () => {
  assert.equal(countText(100000), "100,000");
  assert.equal(countText(2021.66), "2,021.7");
  assert.equal(secondsText(1), "1.00");
  assert.equal(secondsText(0.0123456), "0.0123");
  assert.equal(secondsText(1234.5), "1,235");
});

test("times and large counts are written as a person says them", () => {
  assert.deepEqual([0.5, 48.4, 60, 125, 3600, 12_000, 187_000].map(durationText), ["0.50 s", "48 s", "1 min", "2 min 5 s", "1 h", "3 h 20 min", "2 d 3 h"]);
  assert.deepEqual([2500, 9_999_999, 25_200_000, 1e9].map(largeText), ["2,500", "9,999,999", "25.2 million", "1 billion"]);
});

test("a change of the certified size has exactly that size", () => {
  const shape = { channels: 3, height: 5, width: 4 };
  const pixels = Array.from({ length: 60 }, (_, i) => (i * 37) % 256);
  for (const norm of ["l2", "l1"])
    for (const size of [0.1, 1, 2.5]) {
      assert.ok(Math.abs(normOf(randomChange(60, norm, size, 7), norm) - size) < 1e-9);
      const spot = spotChange(pixels, shape, norm, size);
      assert.ok(Math.abs(normOf(spot, norm) - size) < 1e-9);
      assert.ok(pixels.every((pixel, i) => pixel + spot[i] >= -1e-9 && pixel + spot[i] <= 255 + 1e-9));
    }
  assert.deepEqual(randomChange(60, "l2", 1, 7), randomChange(60, "l2", 1, 7));
});

test("certified accuracy counts correct rows whose radius reaches r, and no abstention", () => {
  const curve = curveOf(rows);
  assert.equal(certifiedAccuracy(curve, 0), 4 / 6);
  assert.equal(certifiedAccuracy(curve, 0.25), 4 / 6);
  assert.equal(certifiedAccuracy(curve, 0.2500001), 3 / 6);
  assert.equal(certifiedAccuracy(curve, 0.5), 3 / 6);
  assert.equal(certifiedAccuracy(curve, 0.6), 1 / 6);
  assert.equal(certifiedAccuracy(curve, 0.8), 0);
});

test("a curve has a corner at every radius that occurs, and ends at 0", () => {
  assert.deepEqual(cornersOf(curveOf(rows)), { radius: [0, 0.25, 0.5, 0.75, 0.75], accuracy: [4 / 6, 4 / 6, 3 / 6, 1 / 6, 0] });
  const none = { ...rows, correct: [0, 0, 0, 0, 0, 0] };
  assert.deepEqual(cornersOf(curveOf(none)), { radius: [0, 0], accuracy: [0, 0] });
});

test("the curve of certain radii ends at the last of them", () => {
  assert.deepEqual(cornersOf(curveOf(rows, [0, 0.5, 0.75, 2])), { radius: [0, 0.5, 0.75, 2], accuracy: [4 / 6, 3 / 6, 1 / 6, 0] });
});

test("between two radii of its grid a bound is the one of the larger", () => {
  const bounds = { radius: [0.1, 0.2], inverted: [0.9, 0.8] };
  assert.equal(lowerBound(bounds, "inverted", 0), 0.9);
  assert.equal(lowerBound(bounds, "inverted", 0.1), 0.9);
  assert.equal(lowerBound(bounds, "inverted", 0.11), 0.8);
  assert.equal(lowerBound(bounds, "inverted", 0.21), null);
  assert.equal(lowerBound(null, "inverted", 0), null);
});

test("rows are filtered by outcome, radius and index, and sorted without disturbing equal ones", () => {
  const up = { column: "radius", descending: false };
  const shown = (filter, order = up) => rowsShown(rows, { ...everything, ...filter }, order).map((row) => rows.idx[row]);
  assert.deepEqual(shown({}), [20, 10, 60, 30, 40, 50]);
  assert.deepEqual(shown({}, { column: "radius", descending: true }), [50, 40, 30, 10, 60, 20]);
  assert.deepEqual(shown({ outcome: "wrong" }), [40]);
  assert.deepEqual(shown({ outcome: "abstained" }), [50]);
  assert.deepEqual(shown({ outcome: "correct", leastRadius: 0.5, mostRadius: 0.7 }), [10, 60]);
  assert.deepEqual(shown({ indices: rangesOf("20, 35-50") }), [20, 40, 50]);
  assert.deepEqual(shown({}, { column: "outcome", descending: true }), [50, 40, 10, 20, 30, 60]);
});

test("a search for indices is a list of numbers and ranges, or says what it is not", () => {
  assert.equal(rangesOf("  "), null);
  assert.deepEqual(rangesOf("3, 5-7,"), [[3, 3], [5, 7]]);
  assert.throws(() => rangesOf("three"), /"three" is not an index/);
  assert.throws(() => rangesOf("1-"), RangeError);
});

test("CSV quotes what would break a line", () => {
  assert.equal(csv(["a", "b"], [["x,y", 0.1], ['say "so"', null], ["two\nlines", 3]]), 'a,b\r\n"x,y",0.1\r\n"say ""so""",\r\n"two\nlines",3\r\n');
});

test("CSV holds no text that a spreadsheet would compute", () => {
  assert.equal(csv(["=a"], [["+1+1"], ["-cmd"], ["@x"], ["-"], [-0.5], ["a=b"]]), "'=a\r\n'+1+1\r\n'-cmd\r\n'@x\r\n-\r\n-0.5\r\na=b\r\n");
});
