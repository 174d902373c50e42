// SPDX-License-Identifier: Apache-2.0
//
// One file, dist/report.html, the same bytes whenever it is built.

import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { licences } from "./licences.js";

export default defineConfig({
  plugins: [licences(), viteSingleFile({ removeViteModuleLoader: true })],
  esbuild: { legalComments: "inline" },
  build: {
    target: "es2022",
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: { input: "report.html" },
  },
});
