// SPDX-License-Identifier: Apache-2.0
//
// One file a page, dist/report.html and, with --mode serve, dist/serve.html: the same bytes whenever they are built.

import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { licences } from "./licences.js";

export default defineConfig(({ mode }) => ({
  plugins: [licences(), viteSingleFile({ removeViteModuleLoader: true })],
  esbuild: { legalComments: "inline" },
  build: {
    target: "es2022",
    modulePreload: false,
    emptyOutDir: false,
    reportCompressedSize: false,
    rollupOptions: { input: mode === "serve" ? "serve.html" : "report.html" },
  },
}));
