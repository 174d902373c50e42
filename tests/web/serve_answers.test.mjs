// SPDX-License-Identifier: Apache-2.0
//
// The page of `ballast serve` before a server that answers what it should not: one line says so, and nothing goes wrong in the page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { load } from "./modules.mjs";
import { Browser, drop, web } from "./page.mjs";

const { readError, readImages, readLine, readServer, readModel } = await load("serve/read_answers");

const model = { name: "small", version: "1", channels: 1, height: 2, width: 3 };
const server = { name: "ballast", version: "1", models: ["small", "small-base"] };
const metadata = { inputs: [{ name: "image", datatype: "UINT8", shape: [-1, 1, 2, 3] }] };
const progress = { samples: 20, of: 100, counts: [15, 4, 1], candidate: 0, radius: null };
const outputs = { label: [0], radius: [0.25], p_lower: [0.875], samples: [20], counts: [15, 4], draw: ['{"seed":"7","index":0}'] };
const answer = answerWith({});

function answerWith(changed, parameters = { alpha: 0.001, sigma: 0.25 }) {
  const all = Object.entries({ ...outputs, ...changed }).filter(([, data]) => data !== undefined);
  return { parameters, outputs: all.map(([name, data]) => ({ name, data })) };
}

const told = (value) => readLine(JSON.stringify(value), model);

test("answers as they should be are read", () => {
  assert.deepEqual(readServer(JSON.stringify(server)), { version: "1", name: "small" });
  assert.deepEqual(readModel(JSON.stringify(metadata)), { channels: 1, height: 2, width: 3, classNames: null });
  assert.deepEqual(readModel(JSON.stringify({ ...metadata, class_names: ["cat", "dog"] })).classNames, ["cat", "dog"]);
  assert.deepEqual(told(progress), { kind: "progress", progress });
  assert.deepEqual(told({ pictures: [[0, 1, 2, 3, 4, 255]] }), { kind: "pictures", pictures: [[0, 1, 2, 3, 4, 255]] });
  assert.deepEqual(told({ error: "queue full" }), { kind: "error", error: "queue full" });
  assert.deepEqual(told(answer).answer, {
    label: 0, radius: 0.25, pLower: 0.875, samples: 20, counts: [15, 4], alpha: 0.001, sigma: 0.25, draw: '{"seed":"7","index":0}',
  });
  assert.equal(readError('{"error": "queue full"}'), "queue full");
});

test("what a server says in a refusal is shown only where it is a text", () => {
  for (const json of ["", "<html>", "null", "[]", "{}", '{"error": 7}', '{"error": {"a": 1}}']) assert.equal(readError(json), null, json);
});

test("a wrong answer is refused with its place and what is allowed there", () => {
  const cases = [
    [() => readServer("<html>"), /about what it is cannot be read: the data is not JSON/],
    [() => readServer("null"), /the data is null, and must be an object/],
    [() => readServer('{"models": ["a"]}'), /the member version is missing/],
    [() => readServer('{"version": "1", "models": "a"}'), /models is "a", and must be a list/],
    [() => readServer('{"version": "1", "models": [7]}'), /models\[0\] is 7, and must be a text/],
    [() => readServer('{"version": "1", "models": []}'), /the server names no model/],
    [() => readModel('{"inputs": []}'), /the model has no input/],
    [() => readModel('{"inputs": [{"shape": [-1, 1, 2, 3]}], "class_names": [1]}'), /class_names\[0\] is 1, and must be a text/],
    [() => readModel('{"inputs": [{}]}'), /the member inputs\[0\]\.shape is missing/],
    [() => readModel('{"inputs": [{"shape": [1, 28, 28]}]}'), /inputs\[0\]\.shape is \[1,28,28\], and must be the shape of images, \[B,C,H,W\]/],
    [() => readModel('{"inputs": [{"shape": [-1, 1, 2.5, 3]}]}'), /inputs\[0\]\.shape\[2\] is 2\.5, and must be a whole number from 1 to 4096/],
    [() => readModel('{"inputs": [{"shape": [-1, 1, 2, 1e9]}]}'), /shape\[3\] is 1000000000, and must be a whole number from 1 to 4096/],
    [() => readModel('{"inputs": [{"shape": [-1, 0, 2, 3]}]}'), /shape\[1\] is 0, and must be a whole number from 1 on/],
    [() => readLine("", model), /about an image cannot be read: the data is not JSON/],
    [() => told([]), /the data is \[\], and must be an object/],
    [() => told({}), /the member samples is missing/],
    [() => told({ error: 7 }), /error is 7, and must be a text/],
    [() => told({ ...progress, samples: -1 }), /samples is -1, and must be a whole number from 0 on/],
    [() => told({ ...progress, of: 0 }), /of is 0, and must be a whole number from 1 on/],
    [() => readImages('{"images": [{"name": "cat", "pixels": [1]}]}', model), /about its images cannot be read: images\[0\]\.pixels has 1 numbers, and must have 6/],
    [() => told({ ...progress, counts: [1, "2"] }), /counts\[1\] is "2", and must be a whole number from 0 on/],
    [() => told({ ...progress, radius: "0.5" }), /radius is "0\.5", and must be a number that is not negative/],
    [() => told({ pictures: [[0, 0, 0, 0, 0]] }), /pictures\[0\] has 5 numbers, and must have 6/],
    [() => told({ pictures: [[0, 0, 0, 0, 0, 256]] }), /pictures\[0\]\[5\] is 256, and must be a whole number from 0 to 255/],
    [() => told({ ...answer, parameters: undefined }), /the member parameters is missing/],
    [() => told(answerWith({}, { alpha: 0.001, sigma: "0.25" })), /parameters\.sigma is "0\.25", and must be a finite number/],
    [() => told(answerWith({ label: ["<b>"] })), /label\[0\] is "<b>", and must be a whole number from -1 on/],
    [() => told(answerWith({ label: [] })), /label\[0\] is undefined, and must be a whole number from -1 on/],
    [() => told(answerWith({ p_lower: [1.5] })), /p_lower\[0\] is 1\.5, and must be a number from 0 to 1/],
    [() => told(answerWith({ radius: undefined })), /the output radius is missing/],
    [() => told(answerWith({ counts: [null] })), /counts\[0\] is null, and must be a whole number from 0 on/],
    [() => told({ outputs: {}, parameters: { alpha: 1, sigma: 1 } }), /outputs is \{\}, and must be a list/],
    [() => told({ outputs: [{ name: "label" }], parameters: { alpha: 1, sigma: 1 } }), /the member outputs\[0\]\.data is missing/],
  ];
  for (const [read, message] of cases) assert.throws(read, (error) => error.name === "Error" && message.test(error.message) && !error.message.includes("\n"), String(message));
});

// The page with a server that says whatever it is told to.
class Impostor {
  // demo: what answers an image, if not a text.
  static async start(answers, demo) {
    const said = { "/v2": JSON.stringify(server), "/v2/models/small": JSON.stringify(metadata), "/demo": "", status: 200, ...answers };
    const page = readFileSync(join(web, "dist", "serve.html"));
    const http = createServer((request, response) => {
      request.resume();
      if (request.url === "/") return response.setHeader("Content-Type", "text/html").end(page);
      if (request.url === "/demo" && demo !== undefined) return demo(response);
      response.statusCode = request.url === "/demo" ? said.status : 200;
      response.end(said[request.url] ?? "");
    });
    await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
    return new Impostor(http);
  }

  constructor(http) {
    this.http = http;
    this.address = `http://127.0.0.1:${http.address().port}`;
  }

  stop() {
    this.http.closeAllConnections();
    return new Promise((resolve) => this.http.close(resolve));
  }
}

describe("the page before a server that answers wrongly", () => {
  let browser;
  before(async () => (browser = await Browser.start()));
  after(() => browser.stop());

  async function visited(answers, body) {
    const impostor = await Impostor.start(answers);
    const opened = await browser.visit(impostor.address);
    try {
      await body(opened.page);
      assert.deepEqual(opened.complaints.filter((text) => !/status of 503/.test(text)), []);
    } finally {
      await opened.close();
      await impostor.stop();
    }
  }

  for (const [name, answers, line] of [
    ["is no JSON", { "/v2": "<html>" }, /^This does not work: the server’s answer about what it is cannot be read: the data is not JSON: .*\.$/],
    ["names no model", { "/v2": '{"version": "1", "models": []}' }, /^This does not work: the server names no model\.$/],
    ["is empty", { "/v2/models/small": "{}" }, /^This does not work: the server’s answer about what its model takes cannot be read: the member inputs is missing\.$/],
    ["takes no images", { "/v2/models/small": '{"inputs": [{"shape": [-1, 784]}]}' }, /inputs\[0\]\.shape is \[-1,784\], and must be the shape of images, \[B,C,H,W\]\.$/],
  ])
    test(`of itself: ${name}`, () =>
      visited(answers, async (page) => {
        assert.match(await page.locator(".failed p").textContent(), line);
      }));

  const lines = (...values) => values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)) + "\n").join("");
  for (const [name, answers, line] of [
    ["no JSON", { "/demo": lines(progress, "{") }, /^the server’s answer about an image cannot be read: the data is not JSON: .*\.$/],
    ["votes that are none", { "/demo": lines({ ...progress, counts: "many" }) }, /: counts is "many", and must be a list\.$/],
    ["a picture of another size", { "/demo": lines({ pictures: [[1, 2]] }) }, /: pictures\[0\] has 2 numbers, and must have 6\.$/],
    ["an answer without a label", { "/demo": lines(progress, answerWith({ label: undefined })) }, /: the output label is missing\.$/],
    ["an error that is none", { "/demo": lines({ error: { code: 7 } }) }, /: error is \{"code":7\}, and must be a text\.$/],
    ["what went wrong", { "/demo": lines(progress, { error: "the network failed" }) }, /^the network failed\.$/],
    ["no end", { "/demo": lines(progress) }, /^the server ended before its answer\.$/],
    ["half a line", { "/demo": JSON.stringify(answer) }, /^the server ended before its answer\.$/],
    ["a refusal that is no JSON", { "/demo": "<html>", status: 503 }, /^the server answered with status 503\.$/],
    ["a refusal", { "/demo": '{"error": "shutting down"}', status: 503 }, /^shutting down\.$/],
  ])
    test(`of an image: ${name}`, () =>
      visited(answers, async (page) => {
        await page.waitForSelector(".drop");
        await drop(page);
        await page.locator(".trouble", { hasText: /./ }).waitFor();
        assert.match(await page.locator(".trouble").textContent(), line);
        assert.equal(await page.locator("#result").isVisible(), false);
      }));

  // A server that goes on until the page hangs up.
  test("a run can be stopped, and what was proved by then is said", async () => {
    let hung;
    const over = new Promise((resolve) => (hung = resolve));
    const colour = { inputs: [{ name: "image", datatype: "UINT8", shape: [-1, 3, 2, 3] }], class_names: ["cat", "dog"] };
    const images = { images: [{ name: "dog", pixels: Array.from({ length: 18 }, (_, i) => 10 * i) }] };
    const impostor = await Impostor.start({ "/v2/models/small": JSON.stringify(colour), "/demo/images": JSON.stringify(images) }, (response) => {
      response.write(lines({ samples: 31_000, of: 100_000, counts: [30_000, 1000, 0], candidate: 0, radius: 0.25 }));
      response.on("close", hung);
    });
    const opened = await browser.visit(impostor.address);
    try {
      const { page } = opened;
      assert.equal(await page.locator("#inverted").count(), 0); // colours are not light on dark
      await page.locator("#samples .thumb").click();
      await page.locator("#count", { hasText: /^31,000 of 100,000 samples, at most .* more$/ }).waitFor();
      const [filled, track] = await page.locator(".bar-track").evaluate((bar) => [bar.firstChild.getBoundingClientRect().width, bar.getBoundingClientRect().width]);
      assert.ok(Math.abs(filled / track - 0.31) < 0.01);
      assert.match(await page.locator("#votes").textContent(), /0 cat/);
      await page.getByRole("button", { name: "Stop" }).click();
      await over;
      assert.equal(await page.locator("#answer").textContent(), "Stopped");
      assert.match(await page.locator("#radius").textContent(), /^By then it was proved: class 0 cat, and no perturbation with an ℓ2 norm below 0\.2500 /);
      assert.match(await page.locator("#small-print").textContent(), /^31,000 samples\. .* wrong with probability at most its α\.$/);
      assert.equal(await page.locator("#size canvas").count(), 3);
      assert.ok(await page.locator("#stop").isHidden());
      assert.deepEqual(opened.complaints, []);
    } finally {
      await opened.close();
      await impostor.stop();
    }
  });

  test("a draw is told in words", () =>
    visited({ "/demo": lines(progress, answer) }, async (page) => {
      await page.waitForSelector(".drop");
      await drop(page);
      await page.locator("#small-print", { hasText: /seed/ }).waitFor();
      assert.match(await page.locator("#small-print").textContent(), /The noise was drawn under seed 7, which nobody knew beforehand, for image 0 of the request; a run with --seed 7 draws the same again\.$/);
      assert.equal(await page.locator("#samples").isVisible(), false);
    }));

  test("and an answer as it should be is shown", () =>
    visited({ "/demo": lines({ pictures: [[0, 1, 2, 3, 4, 255]] }, progress, answer) }, async (page) => {
      await page.waitForSelector(".drop");
      await drop(page);
      await page.locator("#answer", { hasText: "Class 0" }).waitFor();
      assert.match(await page.locator("#radius").textContent(), /ℓ2 norm below 0\.2500 /);
    }));
});
