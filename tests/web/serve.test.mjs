// SPDX-License-Identifier: Apache-2.0
//
// The page of `ballast serve`, with a server behind it: an image is dropped on it, and certified.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Browser, drop, web } from "./page.mjs";

const program = process.env.BALLAST_PROGRAM ?? join(web, "..", "build", "plain", "ballast");
const model = join(web, "..", "models", "fashion-mnist-0.25.onnx");
const skip = existsSync(program) ? false : "the program is not built: cmake --build --preset plain --target ballast";

class Server {
  static async start(...more) {
    const process = spawn(program, ["serve", model, "--sigma", "0.25", "--n", "2000", "--port", "0", ...more]);
    let text = "";
    for await (const part of process.stdout) {
      text += part;
      const found = /(http:\/\/[^\s]+)/.exec(text);
      if (found !== null) return new Server(process, found[1]);
    }
    throw new Error(`the server did not start: ${text}`);
  }

  constructor(process, address) {
    this.process = process;
    this.address = address;
  }

  async stop() {
    const ended = new Promise((resolve) => this.process.on("exit", resolve));
    this.process.kill("SIGTERM");
    return ended;
  }
}

// CSP forbids what evaluates text, so the browser cannot wait for a condition by itself.
async function until(condition) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) if (await condition()) return;
  assert.fail("waited in vain");
}

const answered = (page) => page.locator("#answer", { hasText: /^(Class \d|Abstains)/ }).waitFor();

function pixel(page, x, y) {
  return page.evaluate(([x, y]) => document.querySelector("#seen canvas").getContext("2d").getImageData(x, y, 1, 1).data[0], [x, y]);
}

// How many requests the server has worked on, refused ones too.
async function answersOf(server) {
  const text = await (await fetch(`${server.address}/metrics`)).text();
  return /ballast_request_seconds_count (\d+)/.exec(text)[1];
}

describe("the page of ballast serve", { skip }, () => {
  let browser, server;
  before(async () => {
    browser = await Browser.start();
    server = await Server.start();
  });
  after(async () => {
    await browser.stop();
    assert.equal(await server.stop(), 0);
  });

  // A test with a page of its own, in which nothing may go wrong; the pixels are read by the tests, not the page.
  function onPage(name, body) {
    test(name, async () => {
      const opened = await browser.visit(server.address);
      try {
        await body(opened.page);
        assert.deepEqual(opened.complaints.filter((text) => !/^Canvas2D: Multiple readback/.test(text)), []);
      } finally {
        await opened.close();
      }
    });
  }

  onPage("an image is scaled, certified, and its noisy samples are shown", async (page) => {
    await page.waitForSelector(".drop");
    assert.match(await page.title(), /fashion-mnist-0\.25/);
    await drop(page);
    await answered(page);
    assert.equal(await page.locator("#noisy canvas").count(), 4);
    // What the model gets: the middle of the image, which is dark at its edges and light within.
    assert.equal(await page.evaluate(() => document.querySelector("#seen canvas").width), 28);
    assert.ok((await pixel(page, 1, 1)) < 5 && (await pixel(page, 14, 14)) > 250);
    const votes = (await page.locator("#votes td.figure").allTextContents()).map((text) => Number(text.replaceAll(",", "")));
    const smallPrint = await page.locator("#small-print").textContent();
    assert.equal(votes.reduce((a, b) => a + b, 0), Number(/([\d,]+) samples/.exec(smallPrint)[1].replaceAll(",", "")));
    assert.match(smallPrint, /^σ = 0\.25, .* samples.*α = 0\.001\. The noise was drawn under seed (\d+), which nobody knew beforehand, for image 0 of the request; a run with --seed \1 draws the same again\.$/);
    assert.equal(await page.locator("#size canvas").count(), 3);
    assert.ok(await page.locator("#stop").isHidden());
    assert.equal(await page.locator("#samples").isVisible(), false);
  });

  onPage("inverted, the image is sent again", async (page) => {
    await page.waitForSelector(".drop");
    await drop(page);
    await page.waitForSelector("#seen canvas");
    await page.check("#inverted");
    await until(async () => (await pixel(page, 1, 1)) > 250);
    await answered(page);
  });

  onPage("a file that is no image is refused with one line", async (page) => {
    await page.waitForSelector(".drop");
    await drop(page, "no image");
    await page.locator(".trouble", { hasText: /./ }).waitFor();
    assert.equal(await page.locator(".trouble").textContent(), "this file is no image that the browser can read.");
    assert.equal(await page.locator("#result").isVisible(), false);
  });

  // Another page in the same browser, from another port of this machine, or by a name that leads here.
  test("pages of others are not answered", async () => {
    const others = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html><title>other</title>"));
    await new Promise((resolve) => others.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${others.address().port}`;
    const opened = await browser.blank(() => true);
    try {
      const { page } = opened;
      const before = await answersOf(server);
      await page.goto(`${origin}/`);
      const pixels = Array(28 * 28).fill(0);
      const body = JSON.stringify({ inputs: [{ name: "image", datatype: "UINT8", shape: [1, 28, 28], data: pixels }] });
      for (const host of [server.address, server.address.replace("127.0.0.1", "localhost")]) {
        for (const mode of ["cors", "no-cors"]) {
          const told = await page.evaluate(
            async ([host, body, mode]) => {
              const said = async (path, options) => fetch(host + path, { mode, ...options }).then((r) => r.text(), () => "");
              const untyped = new Blob([body]); // sent without Content-Type, and so without asking first
              return [
                await said("/metrics"),
                await said("/v2/models/fashion-mnist-0.25/infer", { method: "POST", body: untyped }),
                await said("/v2/models/fashion-mnist-0.25/infer", { method: "POST", body }),
                await said("/v2/models/fashion-mnist-0.25/infer", { method: "POST", body, headers: { "Content-Type": "application/json" } }),
                await said("/demo", { method: "POST", body: untyped }),
              ];
            },
            [host, body, mode],
          );
          assert.deepEqual(told, ["", "", "", "", ""]);
        }
      }
      assert.equal(await answersOf(server), before);
    } finally {
      await opened.close();
      others.close();
    }
  });

  // As after DNS rebinding: to the browser, the page and the server are one origin.
  test("a stranger's name for this machine shows nothing", async () => {
    const named = await Browser.start(["--host-resolver-rules=MAP evil.test 127.0.0.1"]);
    const opened = await named.blank(() => true);
    try {
      const address = server.address.replace("127.0.0.1", "evil.test");
      const response = await opened.page.goto(`${address}/v2/health/live`);
      assert.equal(response.status(), 200); // so the name does lead here
      for (const path of ["/", "/v2", "/metrics"]) {
        const status = await opened.page.evaluate((url) => fetch(url).then((response) => response.status), address + path);
        assert.equal(status, 403, path);
      }
    } finally {
      await opened.close();
      await named.stop();
    }
  });

  test("a token is asked for where the server wants one", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ballast-serve-"));
    writeFileSync(join(folder, "token"), "s3cret\n");
    const guarded = await Server.start("--token-file", join(folder, "token"));
    const opened = await browser.visit(guarded.address);
    try {
      const { page } = opened;
      await page.fill("#token", "wrong");
      await page.click("button[type=submit]");
      await page.getByText("This does not work").waitFor();
      await page.fill("#token", "s3cret");
      await page.click("button[type=submit]");
      await page.waitForSelector(".drop");
      await drop(page);
      await answered(page);
      assert.deepEqual(opened.complaints.filter((text) => !/401/.test(text)), []);
    } finally {
      await opened.close();
      await guarded.stop();
      rmSync(folder, { recursive: true });
    }
  });
});
