// SPDX-License-Identifier: Apache-2.0
//
// A step of the build: the licences of the libraries that went into the page stand at its head, as they ask.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export function licences() {
  return {
    name: "licences",
    transformIndexHtml: {
      order: "post",
      handler: (page, { chunk }) => withLicences(page, packagesOf(rendered(chunk))),
    },
  };
}

// The modules of which anything is left after what is not used was dropped.
function rendered(chunk) {
  return Object.entries(chunk?.modules ?? {}).flatMap(([name, { renderedLength }]) => (renderedLength > 0 ? [name] : []));
}

// The folders of the libraries that these modules are from.
function packagesOf(modules) {
  return [...new Set(modules.flatMap((module) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module.replaceAll("\\", "/")) ?? []))].sort();
}

function withLicences(page, packages) {
  return packages.length === 0 ? page : page.replace("</head>", () => `<!--\n${textsOf(packages)}\n-->\n  </head>`);
}

// Packages with the same terms share one text, each with its own line of copyright.
function textsOf(packages) {
  const byTerms = new Map();
  for (const folder of packages) {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const licence = licenceOf(folder).trim();
    const owners = licence.match(/^Copyright .*$/gm) ?? [];
    const terms = owners.length === 1 ? licence.replace(owners[0], "").trim() : licence;
    byTerms.set(terms, [...(byTerms.get(terms) ?? []), `${name} ${version}: ${owners.length === 1 ? owners[0] : "as follows"}`]);
  }
  const parts = [...byTerms].map(([terms, names]) => `${names.join("\n")}\n\n${terms}`);
  return `Libraries in this page, and their licences:\n\n${parts.join("\n\n")}`.replaceAll("--", "- -").replaceAll(">", "&gt;");
}

function licenceOf(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) throw new Error(`${folder} has no licence`);
  return readFileSync(join(folder, file), "utf8");
}
