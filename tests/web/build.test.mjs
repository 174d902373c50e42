// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { vite } from "./modules.mjs";
import { template, web } from "./page.mjs";

const page = readFileSync(template, "utf8");
const served = readFileSync(join(web, "dist", "serve.html"), "utf8");
const sources = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile()).map((file) => join(file.parentPath ?? file.path, file.name));

for (const [mode, name] of [["production", "report.html"], ["serve", "serve.html"]])
  test(`${name} in the tree is what its sources build, byte for byte`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "ballast-web-"));
    try {
      const here = process.cwd();
      process.chdir(web);
      await vite.build({ root: web, mode, logLevel: "error", build: { outDir: folder } });
      process.chdir(here);
      assert.deepEqual(readdirSync(folder), [name]);
      assert.ok(readFileSync(join(folder, name)).equals(readFileSync(join(web, "dist", name))), "web/dist is old: npm run build");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

test("the place for the data occurs once", () => {
  assert.equal(page.split("__BALLAST_DATA__").length, 2);
  assert.match(page, /<script type="application\/json" id="ballast-data">__BALLAST_DATA__<\/script>/);
});

test("the page may fetch nothing", () => {
  assert.match(page, /default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:/);
  assert.doesNotMatch(page, /<(script|link|img)[^>]*(src|href)="(?!data:)/);
});

test("the page of a server may ask that server alone", () => {
  assert.match(served, /default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'/);
  assert.doesNotMatch(served, /<(script|link|img)[^>]*(src|href)="(?!data:)/);
});

test("the licences of the libraries are in the page", () => {
  for (const name of ["@observablehq/plot", "d3-array", "d3-geo", "d3-shape"]) assert.match(page, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: `, "m"));
  assert.match(page, /Permission to use, copy, modify/);
});

test("no source turns text into markup", () => {
  for (const file of sources(join(web, "src")))
    assert.doesNotMatch(readFileSync(file, "utf8"), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/, file);
});

test("every source says its licence first", () => {
  for (const folder of [join(web, "src"), join(web, "..", "tests", "web")])
    for (const file of sources(folder)) assert.match(readFileSync(file, "utf8").slice(0, 60), /SPDX-License-Identifier: Apache-2\.0/, file);
});

test("the lock file names no registry", () => {
  assert.doesNotMatch(readFileSync(join(web, "package-lock.json"), "utf8"), /"resolved"|registry\./);
});
