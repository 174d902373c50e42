// SPDX-License-Identifier: Apache-2.0
//
// One source of the pages by itself, for what needs no browser.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { web } from "./page.mjs";

export const vite = await import(pathToFileURL(join(web, "node_modules", "vite", "dist", "node", "index.js")).href);

// With what it imports. Only for sources that touch no document when they are loaded.
export async function load(name) {
  const lib = { entry: join(web, "src", `${name}.ts`), formats: ["es"] };
  const [{ output }] = await vite.build({ configFile: false, root: web, logLevel: "error", build: { write: false, lib } });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}
