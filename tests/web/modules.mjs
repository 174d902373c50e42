// SPDX-License-Identifier: Apache-2.0
//
// One source of the page by itself, for what needs no browser.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { web } from "./page.mjs";

export const vite = await import(pathToFileURL(join(web, "node_modules", "vite", "dist", "node", "index.js")).href);

// Only for sources that import nothing but types.
export async function load(name) {
  const { code } = await vite.transformWithEsbuild(readFileSync(join(web, "src", `${name}.ts`), "utf8"), `${name}.ts`, { sourcemap: false });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}
