// SPDX-License-Identifier: Apache-2.0
//
// The built page, filled as the program fills it, in a real browser that reaches nothing.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const web = fileURLToPath(new URL("../../web/", import.meta.url));
export const template = join(web, "dist", "report.html");

const { chromium } = createRequire(join(web, "package.json"))("playwright-core");

// As the program writes it: no text of the data can end the script element that carries it.
export function filled(data) {
  const json = typeof data === "string" ? data : JSON.stringify(data);
  const safe = json.replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  return readFileSync(template, "utf8").replace("__BALLAST_DATA__", () => safe);
}

export class Browser {
  static async start(more = []) {
    const executablePath = process.env.BALLAST_CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
    if (executablePath === undefined) throw new Error("chromium is not installed: apt-get install chromium");
    return new Browser(await chromium.launch({ executablePath, args: ["--no-sandbox", ...more] }));
  }

  constructor(browser) {
    this.browser = browser;
    this.folder = mkdtempSync(join(tmpdir(), "ballast-report-"));
    this.opened = 0;
  }

  // An empty page, and what goes wrong in it: complaints must stay empty. allowed: where it may ask for something.
  async blank(allowed, { width = 1200, height = 900, scheme = "light" } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: scheme, acceptDownloads: true });
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => (complaints.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
    page.on("request", (request) => allowed(request.url()) || complaints.push(`request: ${request.url()}`));
    return { page, complaints, close: () => context.close() };
  }

  // A page of `ballast serve`, which may ask its own server.
  async visit(address) {
    const opened = await this.blank((url) => url.startsWith(`${address}/`) || /^(data|blob):/.test(url));
    await opened.page.goto(`${address}/`);
    await opened.page.waitForSelector("main");
    return opened;
  }

  // A report that is open.
  async open(data, options = {}) {
    const file = join(this.folder, `report-${++this.opened}.html`);
    writeFileSync(file, filled(data));
    const { page, complaints, close } = await this.blank((url) => /^(file|data|blob):/.test(url), options);
    const before = performance.now();
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector("main");
    if ((await page.$(".failed")) === null) await page.waitForSelector(".chart svg, #prediction table");
    const seconds = (performance.now() - before) / 1000;
    return { page, complaints, seconds, file, close };
  }

  async stop() {
    await this.browser.close();
    rmSync(this.folder, { recursive: true });
  }
}

// The text of the file that a click downloads.
export async function downloaded(page, label) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: label }).first().click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

// Drops a file on the page of a server: a light square on black, or what the text says.
export async function drop(page, text) {
  const transfer = await page.evaluateHandle(async (text) => {
    const canvas = document.createElement("canvas");
    canvas.width = 60;
    canvas.height = 40;
    const context = canvas.getContext("2d");
    context.fillRect(0, 0, 60, 40);
    context.fillStyle = "white";
    context.fillRect(20, 10, 20, 20);
    const picture = await new Promise((resolve) => canvas.toBlob(resolve));
    const transfer = new DataTransfer();
    transfer.items.add(new File([text ?? picture], "dropped.png", { type: "image/png" }));
    return transfer;
  }, text);
  await page.dispatchEvent(".drop", "drop", { dataTransfer: transfer });
}
