// SPDX-License-Identifier: Apache-2.0
//
// The page as a reader meets it. Every number is compared with one computed here, from the rows.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { byHand, everyKind, hostile, hostileName, log, report, smallWithPictures, twelveLogs } from "./fixtures.mjs";
import { Browser, downloaded } from "./page.mjs";

let browser;
before(async () => (browser = await Browser.start()));
after(() => browser.stop());

const kinds = everyKind();
const certified = kinds.logs.filter(({ kind }) => kind !== "predict");
const ofNorm = (norm) => certified.filter((log) => log.norm === norm);

function share({ rows }, r) {
  return rows.idx.filter((_, i) => rows.correct[i] === 1 && rows.predict[i] !== -1 && rows.radius[i] >= r).length / rows.idx.length;
}

// What the page shows of a log at a radius: where only certain radii were tested, a curve says nothing behind the last, and a table only at these.
const isBehind = ({ radii_tested: tested }, r) => tested !== null && r > tested.at(-1);
const beyond = (log, r) => (log.radii_tested === null && r > log.provable_radius ? "†" : "");
const read = (log, r) => (isBehind(log, r) ? "–" : share(log, r).toFixed(4) + beyond(log, r));
const inTable = (log, r) => (log.radii_tested?.includes(r) === false ? "–" : share(log, r).toFixed(4));

// ".7321": four decimals of a number below 1, the others cut off.
function cut(value) {
  return value.toFixed(40).slice(1, 6);
}

// A test with a page of its own, in which nothing may go wrong.
function onPage(name, data, body, options) {
  test(name, async () => {
    const opened = await browser.open(typeof data === "function" ? data() : data, options);
    try {
      await body(opened.page, opened);
      assert.deepEqual(opened.complaints, []);
    } finally {
      await opened.close();
    }
  });
}

const texts = (locator) => locator.allTextContents();
const valuesShown = (page, norm = "l2") => texts(page.locator(`#accuracy-${norm} .legend-item .value`));
const rowsOf = (page) => page.locator("#images tbody tr");
const column = (page, k) => texts(page.locator(`#images tbody tr > :nth-child(${k})`));

// The corners of a drawn line, as [radius, accuracy], from its pixels and the axis' ticks.
async function drawn(page, norm, series) {
  return page.evaluate(
    ([norm, series]) => {
      const drawing = document.querySelector(`#accuracy-${norm} .chart svg`);
      const scale = (axis, at) => {
        const ticks = [...drawing.querySelectorAll(`[aria-label="${axis}-axis tick label"] text`)].map((tick) => [Number(tick.textContent), tick.transform.baseVal.consolidate().matrix[at]]);
        const [[v0, p0], [v1, p1]] = [ticks[0], ticks[ticks.length - 1]];
        return (pixel) => v0 + ((pixel - p0) / (p1 - p0)) * (v1 - v0);
      };
      const x = scale("x", "e");
      const y = scale("y", "f");
      const path = drawing.querySelector(`.series-${series} path`).getAttribute("d");
      return path.slice(1).split("L").map((point) => point.split(",").map(Number)).map(([px, py]) => [x(px), y(py)]);
    },
    [norm, series],
  );
}

describe("opening", () => {
  for (const scheme of ["light", "dark"])
    onPage(`every kind of log opens in ${scheme} without a complaint or a request`, kinds, async (page) => {
      assert.equal(await page.title(), kinds.title);
      assert.equal(await page.locator("h1").textContent(), kinds.title);
      assert.deepEqual(await texts(page.locator("h2")), ["Overview", "Certified accuracy, ℓ2", "Certified accuracy, ℓ1", "Prediction", "Radii and votes", "Classes", "Most and least robust", "Images", "Logs"]);
      assert.equal(await page.locator("#logs article").count(), kinds.logs.length);
    }, { scheme });

  const twelve = twelveLogs();
  onPage("twelve logs of ten thousand images stay below 15 MB and open soon", twelve, async (page, { seconds, file }) => {
    assert.ok(statSync(file).size < 15e6, `${statSync(file).size} bytes`);
    assert.ok(seconds < 10, `${seconds} s`); // about 1 s on two cores; the rest is for a machine that is busy
    assert.equal(await rowsOf(page).count(), 50);
    assert.equal(await page.locator(".chart [class^=series-]").count(), 12);
  });
});

describe("curves and tables", () => {
  onPage("the table says what the rows say, for every log and radius", kinds, async (page) => {
    for (const norm of ["l2", "l1"])
      for (const [i, log] of ofNorm(norm).entries()) {
        const cells = page.locator(`#accuracy-${norm} .accuracies tbody tr`).nth(i).locator("td");
        for (const [k, r] of kinds.table_radii.entries()) assert.ok((await cells.nth(1 + k).textContent()).startsWith(inTable(log, r)), `${log.name} at ${r}`);
      }
  });

  onPage("the curve read at a table's radius is the table's value", kinds, async (page) => {
    await page.locator("#accuracy-l2 .chart").focus();
    for (const r of [0.24, 0.5]) {
      const now = Number(await page.locator("#accuracy-l2 .chart").getAttribute("aria-valuenow"));
      for (let k = 0; k < Math.round((r - now) / 0.02); ++k) await page.keyboard.press("ArrowRight");
      assert.equal(await page.locator("#accuracy-l2 .legend-head").textContent(), `at radius ${r}`);
      assert.deepEqual(await valuesShown(page), ofNorm("l2").map((log) => read(log, r)));
    }
    const place = kinds.table_radii.indexOf(0.5);
    const cells = await texts(page.locator(`#accuracy-l2 .accuracies tbody tr td:nth-child(${3 + place})`));
    assert.deepEqual(cells.map((cell) => cell.replace(/[*≥].*/, "")), await valuesShown(page));
  });

  onPage("a small curve is drawn corner by corner", byHand, async (page) => {
    const corners = [[0, 0.6], [0, 0.6], [0.25, 0.6], [0.25, 0.4], [0.5, 0.4], [0.5, 0.2], [0.75, 0.2], [0.75, 0], [0.75, 0]];
    const points = await drawn(page, "l2", 0);
    assert.equal(points.length, corners.length);
    points.forEach((point, i) => point.forEach((value, k) => assert.ok(Math.abs(value - corners[i][k]) < 2e-3, `corner ${i}: ${point}`)));
  });

  onPage("of ten thousand rows no step is left out", kinds, async (page) => {
    for (const [i, log] of ofNorm("l2").entries()) {
      const radii = log.rows.radius.filter((_, k) => log.rows.correct[k] === 1);
      const points = await drawn(page, "l2", i);
      assert.equal(points.length, log.radii_tested === null ? 1 + 2 * (new Set(radii).size + 1) : 2 * log.radii_tested.length - 1);
      for (let k = 2; k < points.length; k += 191) {
        const [r, accuracy] = points[k];
        assert.ok(share(log, r + 1e-4) - 1e-4 <= accuracy && accuracy <= share(log, r - 1e-4) + 1e-4, `${log.name} at ${r}`);
      }
    }
  });

  onPage("each norm has a chart of its own, with its unit", kinds, async (page) => {
    for (const norm of ["l2", "l1"]) {
      const section = page.locator(`#accuracy-${norm}`);
      assert.deepEqual(await texts(section.locator(".legend-item .name")), ofNorm(norm).map(({ name }) => name));
      const drawing = await section.locator(".chart svg").first().textContent();
      assert.ok(drawing.includes(`ℓ${norm[1]} radius (pixels in [0, 1])`), drawing);
      assert.ok(drawing.includes("certified accuracy (share of images)"));
    }
    assert.deepEqual((await texts(page.locator("#prediction tbody td.figure"))).slice(0, 3), Object.values(kinds.logs.at(-1).predict_rates).map((rate) => rate.toFixed(4)));
  });

  onPage("certified radii that were named are marked, and so are illustrations", kinds, async (page) => {
    assert.equal(await page.locator("#accuracy-l2 .chart .series-4 circle").count(), 4);
    const notes = (await texts(page.locator("#accuracy-l2 .note"))).join("\n");
    assert.match(notes, /sigma_0\.25-radii\.tsv was certified only at the radii 0, 0\.25, 0\.5, 0\.75/);
    assert.match(notes, /sigma_0\.50-scaled\.tsv is an illustration/);
  });

  onPage("the best of each column is marked, ties too, but no illustration and no zeros", kinds, async (page) => {
    const logs = ofNorm("l2");
    for (const [k, r] of kinds.table_radii.entries()) {
      const best = Math.max(...logs.filter(({ illustration }) => !illustration).map((log) => share(log, r)));
      const cells = page.locator(`#accuracy-l2 .accuracies tbody tr td:nth-child(${3 + k})`);
      for (const [i, log] of logs.entries()) assert.equal(await cells.nth(i).locator("strong .mark").count(), Number(!log.illustration && share(log, r) === best && best > 0), `${log.name} at ${r}`);
    }
  });

  onPage("radii that were not tested are dashes, and those that cannot be proved are marked", kinds, async (page) => {
    const logs = ofNorm("l2");
    for (const [k, r] of kinds.table_radii.entries()) {
      const cells = await texts(page.locator(`#accuracy-l2 .accuracies tbody tr td:nth-child(${3 + k})`));
      for (const [i, log] of logs.entries()) {
        assert.equal(cells[i] === "–", log.radii_tested?.includes(r) === false, `${log.name} at ${r}`);
        assert.equal(cells[i].includes("†"), log.radii_tested === null && r > log.provable_radius, `${log.name} at ${r}`);
      }
    }
    assert.match((await texts(page.locator("#accuracy-l2 .note"))).join(), /– Not tested\. † Above the largest radius/);
    // The curve ends at the last radius that was tested, at its height.
    const last = (await drawn(page, "l2", 4)).at(-1);
    assert.ok(Math.abs(last[0] - 0.75) < 2e-3 && Math.abs(last[1] - share(logs[4], 0.75)) < 2e-3, String(last));
    assert.match((await texts(page.locator("#accuracy-l2 .note"))).join(), /these curves fall where a unanimous vote of all samples proves no larger radius/);
  });

  const apart = everyKind();
  Object.assign(apart.logs[1], { image_group: 1, data: "cifar10, test" });
  onPage("logs of different images have a part each, and the page says so", apart, async (page) => {
    assert.deepEqual((await texts(page.locator("h2"))).slice(1, 3), ["Certified accuracy, ℓ2: fashion-mnist, test", "Certified accuracy, ℓ2: cifar10, test"]);
    assert.deepEqual(await texts(page.locator("#accuracy-l2-2 .legend-item .name")), ["sigma_0.25.tsv"]);
    assert.equal(await page.locator("#accuracy-l2-2 .mark").filter({ hasText: "*" }).count(), 0);
    assert.match(await page.locator(".lead").textContent(), /of 2 different sets of images/);
    assert.match(await page.locator("#accuracy-l2-2 .subject").textContent(), /^cifar10, test: all 10000 images; model fashion-mnist-0\.25\.onnx$/);
  });

  const twins = report({ title: "Twins", logs: [log({ name: "a", scale: 0.5, seed: 1, images: 30 }), log({ name: "b", scale: 0.5, seed: 1, images: 30 })] });
  onPage("of two logs that are equal both are best", twins, async (page) => {
    assert.ok((await page.locator("#accuracy-l2 tbody tr:nth-child(1) .mark").count()) > 0);
    assert.equal(await page.locator("#accuracy-l2 tbody tr:nth-child(1) .mark").count(), await page.locator("#accuracy-l2 tbody tr:nth-child(2) .mark").count());
  });

  onPage("bounds stand beneath, rounded down, at the next radius of their grid", byHand, async (page) => {
    const cells = async () => (await texts(page.locator(".accuracies tbody td.figure"))).slice(0, 5);
    assert.deepEqual(await cells(), ["0.6000≥ .2999", "0.6000≥ .2199", "0.4000≥ .1100", "0.4000≥ .1100", "0.0000"]);
    await page.getByLabel("Bound beneath").selectOption("population");
    assert.deepEqual(await cells(), ["0.6000≥ .1000", "0.6000≥ .0500", "0.4000≥ .0000", "0.4000≥ .0000", "0.0000"]);
    await page.getByLabel("Bound beneath").selectOption("none");
    assert.deepEqual(await cells(), ["0.6000", "0.6000", "0.4000", "0.4000", "0.0000"]);
    assert.equal(await page.locator(".mark").count(), 0); // one log is no comparison
  });

  onPage("a bound is drawn when chosen, and read with the curve", kinds, async (page) => {
    const section = page.locator("#accuracy-l2");
    assert.equal(await section.locator(".chart .series-0").count(), 1);
    await section.getByLabel("Lower bound").selectOption("uniform");
    assert.equal(await section.locator(".chart .series-0").count(), 2);
    assert.match(await section.locator(".note").first().textContent(), /for all radii at once/);
    await section.locator(".chart").focus();
    for (let k = 0; k < 10; ++k) await page.keyboard.press("ArrowRight");
    const bounds = ofNorm("l2")[0].bounds;
    const expected = cut(bounds.uniform[bounds.radius.indexOf(0.2)]);
    assert.equal((await valuesShown(page))[0], `${share(ofNorm("l2")[0], 0.2).toFixed(4)} ≥ ${expected}`);
    assert.match((await valuesShown(page))[3], /^0\.\d{4}$/); // it has no bounds
  });

  onPage("the logarithmic axis shows powers of ten, and the same values", kinds, async (page) => {
    const section = page.locator("#accuracy-l2");
    await section.getByLabel("Vertical axis").selectOption("log");
    const ticks = await texts(section.locator('[aria-label="y-axis tick label"] text'));
    assert.ok(ticks.includes("1") && ticks.includes("0.1") && ticks.includes("0.01"), ticks.join());
    assert.doesNotMatch(await section.locator(".chart").innerHTML(), /NaN|Infinity/);
    await section.locator(".chart").focus();
    await page.keyboard.press("ArrowRight");
    assert.deepEqual(await valuesShown(page), ofNorm("l2").map((log) => share(log, 0.02).toFixed(4)));
  });

  onPage("samples, seconds and the mean radius stand in the table", kinds, async (page) => {
    const cells = await texts(page.locator("#accuracy-l2 .accuracies tbody tr").first().locator("td"));
    const { mean_radius: meanRadius, mean_radius_bounds: meanRadiusBounds } = ofNorm("l2")[0];
    assert.equal(cells.at(-3), `0${cut(meanRadius)}≥ ${cut(meanRadiusBounds.test_set)} these images≥ ${cut(meanRadiusBounds.population)} population`);
    assert.equal(cells.at(-2), "100,000");
    assert.equal(cells.at(-1), "1.00");
  });
});

describe("reading a chart", () => {
  onPage("the pointer reads every curve at its radius", kinds, async (page) => {
    const chart = page.locator("#accuracy-l2 .chart");
    for (const x of [60, 200, 500]) {
      await chart.hover({ position: { x, y: 60 } });
      const head = await page.locator("#accuracy-l2 .legend-head").textContent();
      const r = Number(/^at radius ([\d.]+)$/.exec(head)[1]);
      assert.deepEqual(await valuesShown(page), ofNorm("l2").map((log) => read(log, r)));
      assert.equal(await chart.locator(".crosshair text").textContent(), `r = ${r}`);
      assert.equal(await chart.locator(".crosshair circle").count(), ofNorm("l2").filter((log) => share(log, r) > 0).length);
    }
    await page.mouse.move(5, 5);
    assert.equal(await chart.locator(".crosshair *").count(), 0);
  });

  onPage("the arrow keys read it too, and say it aloud", kinds, async (page) => {
    const chart = page.locator("#accuracy-l1 .chart");
    await chart.focus();
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("ArrowRight");
    const r = Number(await chart.getAttribute("aria-valuenow"));
    assert.ok(r > 0);
    assert.equal(await chart.getAttribute("aria-valuetext"), `${r}: ${ofNorm("l1").map((log) => `${log.name} ${share(log, r).toFixed(4)}`).join(", ")}`);
    await page.keyboard.press("Home");
    assert.deepEqual(await valuesShown(page, "l1"), ofNorm("l1").map((log) => share(log, 0).toFixed(4)));
    await page.keyboard.press("ArrowLeft");
    assert.equal(await chart.getAttribute("aria-valuenow"), "0");
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowRight");
    assert.ok(Number(await chart.getAttribute("aria-valuenow")) <= Number(await chart.getAttribute("aria-valuemax")));
    await page.keyboard.press("Escape");
    assert.equal(await chart.locator(".crosshair *").count(), 0);
  });

  onPage("the legend isolates logs, by click and by key", kinds, async (page) => {
    const items = page.locator("#accuracy-l2 .legend-item");
    const shown = () => page.evaluate(() => [...document.querySelectorAll("#accuracy-l2 .chart [class^=series-]")].filter((group) => group.style.visibility !== "hidden").map((group) => group.getAttribute("class")));
    const pressed = () => items.evaluateAll((all) => all.map((item) => item.getAttribute("aria-pressed")));
    await items.nth(1).click();
    assert.deepEqual(await shown(), ["series-1"]);
    assert.deepEqual(await pressed(), ["false", "true", "false", "false", "false"]);
    await items.nth(2).focus();
    await page.keyboard.press("Space");
    assert.deepEqual(await shown(), ["series-1", "series-2"]);
    await items.nth(1).click();
    await items.nth(2).click();
    assert.equal((await shown()).length, 6); // all: five lines, and one's points
    await items.nth(0).click();
    await page.locator("#accuracy-l2").getByLabel("Vertical axis").selectOption("log");
    assert.deepEqual(await shown(), ["series-0"]);
    await page.locator("#accuracy-l2").getByRole("button", { name: "Show all" }).click();
    assert.equal((await shown()).length, 6);
  });

  onPage("a click on a curve isolates it", byHand, async (page) => {
    const chart = page.locator(".chart");
    const y = await page.evaluate(() => document.querySelector(".chart .series-0 path").getBoundingClientRect().top - document.querySelector(".chart").getBoundingClientRect().top);
    await chart.click({ position: { x: 120, y: y + 2 } });
    assert.equal(await page.locator(".legend-item").getAttribute("aria-pressed"), "true");
    await chart.click({ position: { x: 120, y: 40 } }); // far from it
    assert.equal(await page.locator(".legend-item").getAttribute("aria-pressed"), "true");
  });
});

describe("one log", () => {
  const small = smallWithPictures();
  const cards = async (page) => Object.fromEntries((await page.locator(".card").evaluateAll((all) => all.map((card) => [card.querySelector(".label").textContent, [...card.querySelectorAll(".value, small")].map((part) => part.textContent).join(" ")]))));

  onPage("the overview says what a log is of, how right and robust it is, and what it cost", kinds, async (page) => {
    const [first] = kinds.logs;
    const seen = await cards(page);
    assert.equal(seen.images, "10,000");
    assert.equal(seen.accurate, `${share(first, 0).toFixed(4)} ≥ ${cut(first.bounds.inverted[0])}`);
    assert.match(seen["certified at 0.25"], new RegExp(`^${share(first, 0.25).toFixed(4)} ≥ \\.\\d{4}$`));
    assert.match(seen["mean radius"], new RegExp(`^0${cut(first.mean_radius)} ≥ `));
    assert.equal(seen.samples, "1 billion 100,000 an image");
    assert.match(seen.time, /^2 h \d+ min 1\.00 s an image$/);
    assert.match(await page.locator("#overview dl").textContent(), /fashion-mnist, test: all 10000 images.*fashion-mnist-0\.25\.onnx/);
  });

  onPage("another log is chosen for all parts at once, rows too", kinds, async (page) => {
    await page.getByRole("combobox", { name: "Log of the classes" }).selectOption({ label: "predict_0.25.tsv" });
    const log = kinds.logs.at(-1);
    assert.equal((await cards(page)).correct, log.predict_rates.correct.toFixed(4));
    assert.equal(await page.getByRole("combobox", { name: "Log", exact: true }).evaluate((select) => select.selectedOptions[0].textContent), log.name);
    assert.equal(await page.locator('#images th[data-column="radius"]').count(), 0);
    assert.deepEqual(await texts(page.locator("#distribution h3")), ["Share of the votes for the leading class"]);
  });

  onPage("classes have their images, accuracies and mistakes", kinds, async (page) => {
    const { rows, class_names: names } = kinds.logs[0];
    for (const label of [0, 7]) {
      const own = rows.label.flatMap((one, i) => (one === label ? [i] : []));
      const right = own.filter((i) => rows.correct[i] === 1);
      const line = await texts(page.locator(".classes tbody tr").nth(label).locator("th, td"));
      assert.deepEqual(line.slice(0, 3), [`${label} ${names[label]}`, own.length.toLocaleString("en-US"), (right.length / own.length).toFixed(4)]);
      assert.equal(line[3], (right.filter((i) => rows.radius[i] >= 0.25).length / own.length).toFixed(4));
      const mistaken = own.filter((i) => rows.predict[i] === 3 && rows.correct[i] === 0).length;
      assert.equal(await page.locator(".confusions tbody tr").nth(label).locator("td").nth(3).textContent(), mistaken === 0 ? "" : String(mistaken));
    }
  });

  const many = everyKind();
  many.logs[0].rows.label = many.logs[0].rows.label.map((label, i) => label + 10 * (i % 3));
  onPage("of many classes the commonest confusions are listed", many, async (page) => {
    const first = await texts(page.locator(".confused tbody tr").first().locator("td"));
    assert.equal(first.length, 3);
    assert.equal(await page.locator(".confused tbody tr").count(), 20);
    assert.match(await page.locator("#classes .note").textContent(), /more wrong answers of/);
  });

  onPage("the distributions hold every image once, by outcome", kinds, async (page) => {
    const bars = await page.locator("#distribution figure").nth(1).locator("rect title").allTextContents();
    const count = (outcome) => bars.filter((text) => text.endsWith(outcome)).reduce((sum, text) => sum + Number(text.split(" ")[0].replaceAll(",", "")), 0);
    const { rows } = kinds.logs[0];
    assert.equal(count("correct"), rows.correct.reduce((sum, one) => sum + one, 0));
    assert.equal(count("abstained"), rows.predict.filter((answer) => answer === -1).length);
    assert.equal(count("correct") + count("wrong") + count("abstained"), 10_000);
  });

  onPage("pictures stand by radius, with the names of classes, and lead to their rows", small, async (page) => {
    const indices = async (k) => page.locator(".wall").nth(k).locator("img").evaluateAll((all) => all.map((image) => image.alt));
    assert.deepEqual(await texts(page.locator(".wall h3")), ["The most robust", "The least robust that are right", "Wrong or without an answer"]);
    assert.deepEqual(await indices(0), [4, 3, 2, 1, 0].map((i) => `image ${i}`));
    assert.deepEqual(await indices(1), [0, 1, 2, 3, 4].map((i) => `image ${i}`));
    assert.deepEqual(await indices(2), [5, 6, 7].map((i) => `image ${i}`));
    assert.match(await page.locator(".wall").nth(2).textContent(), /Sandal→ Shirt0\.6000Shirt→ no answerShirt→ Sandal0\.0500/);
    await page.locator(".wall").first().locator(".thumb").first().click();
    assert.equal(await page.locator(".detail h3").textContent(), "Image 4");
    await page.locator(".detail .size canvas").first().waitFor();
  });

  const unlike = smallWithPictures();
  unlike.logs[0].pictured = false;
  onPage("a log of other images than the pictures' shows none", unlike, async (page) => {
    assert.equal(await page.locator("#wall img").count(), 0);
    await rowsOf(page).nth(4).click();
    assert.equal(await page.locator(".detail img").count(), 0);
    await page.getByRole("combobox", { name: "Log of the pictures" }).selectOption({ label: "crown.tsv" });
    assert.ok((await page.locator("#wall img").count()) > 0);
  });

  const tied = smallWithPictures();
  Object.assign(tied.logs[0].rows, { radius: [0.5, 0.2, 0.3, 0.5, 0.5, 0.6, 0, 0.05] });
  tied.logs[0].provable_radius = 0.5;
  onPage("a wall says where its order is chance", tied, async (page) => {
    assert.match(await page.locator(".wall figcaption").first().textContent(), /^all 5; 3 share the first one’s radius, the largest that this log can prove, and may be robust beyond it$/);
    assert.equal(await page.locator(".wall figcaption").nth(1).textContent(), "all 5");
  });

  onPage("an image without a picture ends its wall: none before it is left out", () => ({ ...small, images: Object.fromEntries(Object.entries(small.images).filter(([index]) => index !== "3")) }), async (page) => {
    assert.equal(await page.locator(".wall").first().locator("img").count(), 1);
    assert.equal(await page.locator(".wall figcaption").first().textContent(), "the first 1 of 5");
  });

  onPage("a change of the certified size has that size, and no image without a certificate has one", small, async (page) => {
    await rowsOf(page).nth(4).click();
    await page.locator(".detail .size canvas").first().waitFor();
    assert.match(await page.locator(".detail .size > figcaption").textContent(), /ℓ2 0\.5000 .*By the certificate no change below that size alters the answer/);
    assert.equal(await page.locator(".detail .size canvas").count(), 3);
    await rowsOf(page).nth(6).click();
    assert.equal(await page.locator(".detail h3").textContent(), "Image 6");
    assert.equal(await page.locator(".detail .size").count(), 0);
  });

  onPage("bounds on the network have a part of their own, without noise or samples", small, async (page) => {
    assert.deepEqual((await texts(page.locator("h2"))).slice(0, 4), ["Overview", "Certified accuracy, ℓ2", "Verified network, ℓ2", "Prediction"]);
    const head = (await texts(page.locator("#verified-l2 thead th"))).join("|");
    assert.match(head, /bound on the network/);
    assert.doesNotMatch(head, /noise|samples/);
    assert.deepEqual((await texts(page.locator("#verified-l2 tbody td.figure"))).slice(3, 5).map((text) => text === "–"), [false, true]); // no larger radius than 1 was looked for
  });

  onPage("predictions are judged by a gold standard where there is one", small, async (page) => {
    assert.deepEqual((await texts(page.locator("#prediction thead th"))).slice(5, 9), ["correct, accurate", "correct, inaccurate", "wrong, accurate", "wrong, inaccurate"]);
    assert.deepEqual((await texts(page.locator("#prediction tbody td.figure"))).slice(3, 7), ["0.5000", "0.1250", "0.2500", "0.0625"]);
    assert.match(await page.locator("#prediction").textContent(), /Accurate: the answer is that of gold\.tsv/);
  });
});

describe("images", () => {
  const rows = kinds.logs[0].rows;

  onPage("headers sort, up and then down, and say so", kinds, async (page) => {
    const head = page.locator('#images th[data-column="radius"]');
    await head.getByRole("button").click();
    assert.equal(await head.getAttribute("aria-sort"), "ascending");
    const sorted = [...rows.radius].sort((a, b) => a - b);
    assert.deepEqual(await column(page, 5), sorted.slice(0, 50).map((r) => r.toFixed(6).slice(0, 6)));
    await page.keyboard.press("Enter"); // the header keeps the focus
    assert.equal(await head.getAttribute("aria-sort"), "descending");
    assert.deepEqual(await column(page, 5), sorted.reverse().slice(0, 50).map((r) => r.toFixed(6).slice(0, 6)));
    assert.equal(await page.locator('#images th[data-column="idx"]').getAttribute("aria-sort"), "none");
  });

  onPage("filters keep exactly the rows that pass", kinds, async (page) => {
    const status = () => page.locator("#images .status").textContent();
    const count = (passes) => rows.idx.filter((_, i) => passes(i)).length.toLocaleString("en-US");
    const is = { wrong: (i) => rows.predict[i] !== -1 && rows.correct[i] === 0, abstained: (i) => rows.predict[i] === -1, correct: (i) => rows.correct[i] === 1 };
    for (const [outcome, passes] of Object.entries(is)) {
      await page.getByRole("combobox", { name: "Show" }).selectOption(outcome);
      assert.equal(await status(), `${count(passes)} of 10,000 images`);
      assert.deepEqual(new Set(await column(page, 4)), new Set([outcome]));
    }
    await page.getByLabel("Radius from").fill("0.2");
    await page.getByRole("spinbutton", { name: "to", exact: true }).fill("0.25");
    assert.equal(await status(), `${count((i) => is.correct(i) && rows.radius[i] >= 0.2 && rows.radius[i] <= 0.25)} of 10,000 images`);
    await page.getByLabel("Radius from").fill("");
    await page.getByRole("spinbutton", { name: "to", exact: true }).fill("");
    await page.getByRole("combobox", { name: "Show" }).selectOption("all");
    await page.getByRole("searchbox", { name: "Image" }).fill("7, 100-102");
    assert.deepEqual(await column(page, 1), ["7", "100", "101", "102"]);
    await page.getByRole("searchbox", { name: "Image" }).fill("seven");
    assert.match(await page.locator("#images .trouble").textContent(), /"seven" is not an index/);
    await page.getByRole("searchbox", { name: "Image" }).fill("20000");
    assert.equal(await status(), "0 of 10,000 images");
  });

  onPage("pages follow each other", kinds, async (page) => {
    const turn = (name) => page.locator(".pager").getByRole("button", { name }).click();
    await turn("Next");
    assert.equal((await column(page, 1))[0], "50");
    await turn("Last");
    assert.equal((await column(page, 1)).at(-1), "9999");
    assert.ok(await page.locator(".pager").getByRole("button", { name: "Next" }).isDisabled());
    await turn("First");
    assert.equal((await column(page, 1))[0], "0");
  });

  const attacked = structuredClone(kinds);
  attacked.images["3"].attacked = { picture: kinds.images["4"].clean, distance: 0.421 };
  onPage("a chosen row shows what an attack made of its image", attacked, async (page) => {
    await rowsOf(page).nth(3).click();
    const shown = page.locator(".detail figure", { hasText: "what an attack made of it, ℓ2 0.4210 away" });
    assert.equal(await shown.locator("img").first().getAttribute("src"), kinds.images["4"].clean);
  });

  onPage("a chosen row shows its image, noisy copies and votes", kinds, async (page) => {
    await rowsOf(page).nth(3).click();
    const detail = page.locator(".detail");
    assert.equal(await detail.locator("h3").textContent(), "Image 3");
    const images = detail.locator("img");
    assert.equal(await images.count(), 5); // itself, and four at the log's noise level
    assert.equal(await images.first().getAttribute("src"), kinds.images["3"].clean);
    assert.equal(await images.last().getAttribute("src"), kinds.images["3"].noisy["0.12"][3]);
    assert.ok(await images.evaluateAll((all) => all.every((image) => image.complete && image.naturalWidth === 28)));
    const votes = rows.counts[3].split(",").map((entry) => Number(entry.split(":")[1])).sort((a, b) => b - a);
    assert.deepEqual(await texts(detail.locator(".votes td.figure")), votes.map((count) => count.toLocaleString("en-US")));
    await rowsOf(page).nth(9).click();
    assert.equal(await detail.locator("img").count(), 0);
    assert.equal(await page.locator("#images tr[aria-current]").count(), 1);
  });

  onPage("keys go from row to row and choose one", kinds, async (page) => {
    await rowsOf(page).first().getByRole("button").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".detail h3").textContent(), "Image 1");
  });

  onPage("a log of predictions has no radii to show or filter by", kinds, async (page) => {
    await page.getByRole("combobox", { name: "Log", exact: true }).selectOption({ label: "predict_0.25.tsv" });
    assert.equal(await page.locator('#images th[data-column="radius"]').count(), 0);
    assert.ok(await page.getByLabel("Radius from").isHidden());
  });
});

describe("files", () => {
  onPage("the curves' CSV holds every corner and every bound", kinds, async (page) => {
    const { name, text } = await downloaded(page, "Curves as CSV");
    assert.equal(name, "certified-accuracy-l2.csv");
    const lines = text.trim().split("\r\n").slice(1).map((line) => line.split(","));
    for (const log of ofNorm("l2")) {
      const corners = lines.filter(([from, curve]) => from === log.name && curve === "certified_accuracy").map(([, , r, v]) => [Number(r), Number(v)]);
      const radii = log.rows.radius.filter((_, i) => log.rows.correct[i] === 1);
      assert.equal(corners.length, log.radii_tested?.length ?? new Set(radii).size + 1);
      for (let k = 0; k < corners.length; k += 97) assert.equal(corners[k][1], share(log, corners[k][0]));
      const bounds = lines.filter(([from, curve]) => from === log.name && curve === "inverted").map(([, , , v]) => Number(v));
      assert.deepEqual(bounds, log.bounds?.inverted ?? []);
    }
  });

  onPage("the table's CSV holds the table, with every digit", kinds, async (page) => {
    const { text } = await downloaded(page, "Table as CSV");
    const [head, ...lines] = text.trim().split("\r\n").map((line) => [...line.matchAll(/("[^"]*"|[^,]*)(,|$)/g)].map((match) => match[1]));
    for (const [i, log] of ofNorm("l2").entries())
      for (const r of kinds.table_radii) assert.equal(lines[i][head.indexOf(`accuracy_at_${r}`)], inTable(log, r) === "–" ? "–" : String(share(log, r)));
    assert.equal(lines[0][head.indexOf("mean_radius")], String(ofNorm("l2")[0].mean_radius));
  });

  onPage("the rows' CSV holds the rows that are shown, in their order", kinds, async (page) => {
    await page.getByRole("combobox", { name: "Show" }).selectOption("abstained");
    const { name, text } = await downloaded(page, "Rows as CSV");
    assert.equal(name, "images-sigma_0.12.tsv.csv");
    const abstained = kinds.logs[0].rows.idx.filter((_, i) => kinds.logs[0].rows.predict[i] === -1);
    assert.deepEqual(text.trim().split("\r\n").slice(1).map((line) => Number(line.split(",")[0])), abstained);
  });

  for (const [what, data] of [["every kind of log", kinds], ["hostile names", hostile()]])
    onPage(`the SVG of ${what} parses, stands alone and has its names`, data, async (page) => {
      await page.emulateMedia({ colorScheme: "dark" });
      const { name, text } = await downloaded(page, "Curves as SVG");
      assert.equal(name, "certified-accuracy-l2.svg");
      assert.doesNotMatch(text, /var\(|currentColor|<style|class="plot/);
      const seen = await page.evaluate((svg) => {
        const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
        return { errors: parsed.querySelectorAll("parsererror").length, root: parsed.documentElement.localName, text: parsed.documentElement.textContent, other: parsed.querySelectorAll("script, img, foreignObject").length, paper: parsed.querySelector("rect").getAttribute("fill") };
      }, text);
      assert.deepEqual([seen.errors, seen.root, seen.other, seen.paper], [0, "svg", 0, "#ffffff"]);
      assert.ok(seen.text.includes("certified accuracy (share of images)"));
      assert.ok(seen.text.includes(data.logs[0].name.slice(0, 30)));
    });

  onPage("the command can be copied, and the manifest is shown as it is", kinds, async (page) => {
    const article = page.locator("#logs article").first();
    assert.equal(await article.locator("code").textContent(), kinds.logs[0].command);
    await article.getByText("Manifest").click();
    const shown = await article.locator("details tr").evaluateAll((lines) => lines.map((line) => [...line.children].map((cell) => cell.textContent)));
    assert.deepEqual(shown, Object.entries(kinds.logs[0].manifest).map(([key, value]) => [key, String(value)]));
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await article.getByRole("button", { name: "Copy" }).click();
    await article.locator(".said:not(:empty)").waitFor();
    if ((await article.locator(".said").textContent()) === "copied") assert.equal(await page.evaluate(() => navigator.clipboard.readText()), kinds.logs[0].command);
    else assert.equal(await page.evaluate(() => getSelection().toString()), kinds.logs[0].command);
  });
});

describe("text from outside", () => {
  onPage("markup in names, classes, manifests and votes stays text", hostile, async (page) => {
    await rowsOf(page).first().click();
    assert.equal(await page.locator("h1").textContent(), hostileName);
    assert.equal(await page.locator(".legend-item .name").first().textContent(), hostileName);
    assert.ok((await page.locator("#logs").textContent()).includes(hostileName));
    assert.ok((await page.locator(".votes").textContent()).includes(hostileName));
    const elements = await page.evaluate(() => ({
      scripts: document.querySelectorAll("body script").length,
      images: [...document.images].filter((image) => !image.src.startsWith("data:image/png")).length,
      handlers: document.querySelectorAll("[onerror], [onload], [onclick]").length,
    }));
    assert.deepEqual(elements, { scripts: 0, images: 0, handlers: 0 });
    await downloaded(page, "Curves as CSV");
  });
});

describe("data that is not as it should be", () => {
  const broken = (change) => {
    const data = byHand();
    change(data);
    return data;
  };
  const cases = [
    ["text that is no JSON", '{"version": 1,', /not JSON/],
    ["the empty page", "__BALLAST_DATA__", /without data/],
    ["another version", broken((data) => (data.version = 2)), /version is 2, and must be 1/],
    ["no list of logs", broken((data) => delete data.logs), /logs is missing/],
    ["an empty list of logs", broken((data) => (data.logs = [])), /there is no log/],
    ["a text for a number", broken((data) => (data.logs[0].alpha = "much")), /logs\[0\]\.alpha is "much", and must be a finite number/],
    ["an unknown norm", broken((data) => (data.logs[0].norm = "linf")), /logs\[0\]\.norm is "linf", and must be "l2" or "l1"/],
    ["lists of unequal lengths", broken((data) => data.logs[0].rows.radius.pop()), /logs\[0\]\.rows\.radius has 4 entries, and idx has 5/],
    ["a radius that is null", broken((data) => (data.logs[0].rows.radius[2] = null)), /logs\[0\]\.rows\.radius\[2\] is null/],
    ["a negative radius", broken((data) => (data.logs[0].rows.radius[2] = -1)), /rows\.radius\[2\] is -1, and must be a number that is not negative/],
    ["correct = 2", broken((data) => (data.logs[0].rows.correct[0] = 2)), /rows\.correct\[0\] is 2, and must be 0 or 1/],
    ["a log without rows", broken((data) => Object.assign(data.logs[0].rows, { idx: [], label: [], predict: [], radius: [], correct: [] })), /has no rows/],
    ["two logs of a name", broken((data) => data.logs.push(structuredClone(data.logs[0]))), /logs\[1\]\.name/],
    ["a bound above 1", broken((data) => (data.logs[0].bounds.uniform[0] = 1.5)), /bounds\.uniform\[0\] is 1\.5/],
    ["bounds on radii that do not ascend", broken((data) => data.logs[0].bounds.radius.reverse()), /bounds\.radius must ascend/],
    ["an image from elsewhere", broken((data) => (data.images = { 10: { channels: 1, clean: "https://example.org/x.png", noisy: {}, attacked: null } })), /images\["10"\]\.clean must begin with "data:image\/"/],
    ["markup where a number belongs", broken((data) => (data.rho = "<img src=x onerror=alert(1)>")), /rho is "<img src=x/],
  ];
  for (const [what, data, message] of cases)
    onPage(`${what} is refused with one clear message`, data, async (page) => {
      assert.equal(await page.locator("h1").textContent(), "This report cannot be shown");
      assert.match(await page.locator(".failed p").textContent(), message);
      assert.equal(await page.locator("section, img").count(), 0);
    });

  onPage("a log in which nothing is certified is drawn all the same", broken((data) => data.logs[0].rows.correct.fill(0)), async (page) => {
    assert.equal(await page.locator(".chart [class^=series-]").count(), 1);
    await page.getByLabel("Vertical axis").selectOption("log");
    assert.doesNotMatch(await page.locator(".chart").evaluate((chart) => chart.outerHTML), /NaN|Infinity/);
  });
});

describe("looks", () => {
  for (const [what, data] of [["every kind of log", kinds], ["hostile names", hostile()]])
    onPage(`${what} fit a screen of 360 pixels`, data, async (page) => {
      await rowsOf(page).first().click();
      for (const details of await page.locator("summary").all()) await details.click();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
      const beyond = await page.evaluate(() => [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > 360.5 && element.closest(".scroll, pre") === null).map((element) => element.outerHTML.slice(0, 80)));
      assert.deepEqual(beyond, []);
    }, { width: 360, height: 740 });

  const paper = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

  onPage("it is dark where the system is, and light on demand", kinds, async (page) => {
    assert.equal(await paper(page), "rgb(20, 23, 27)");
    await page.getByRole("button", { name: "Light theme" }).click();
    assert.equal(await paper(page), "rgb(255, 255, 255)");
    await page.getByRole("button", { name: "Dark theme" }).click();
    assert.equal(await paper(page), "rgb(20, 23, 27)");
  }, { scheme: "dark" });

  onPage("it is printed on white, whole, without controls", kinds, async (page) => {
    await page.locator(".chart").first().hover();
    await page.locator(".legend-item").first().click();
    await page.locator(".chart").first().focus();
    await page.keyboard.press("ArrowRight");
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".chart svg").first().getAttribute("width"), "690");
    assert.deepEqual(await page.locator("#accuracy-l2 .legend-item").evaluateAll((items) => items.map((item) => item.checkVisibility())), [true, false, false, false, false]);
    assert.equal(await paper(page), "rgb(255, 255, 255)");
    for (const control of [".toolbar", "nav", ".title button", ".command button", ".crosshair"]) assert.ok(await page.locator(control).first().isHidden(), control);
    for (const content of [".chart svg", ".accuracies", "#images table", "#logs details table", ".legend-item"]) assert.ok(await page.locator(content).first().isVisible(), content);
    assert.equal(await rowsOf(page).count(), 50);
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    await page.emulateMedia({ media: "screen" });
    assert.equal(await page.locator("details[open]").count(), 0);
    assert.notEqual(await page.locator(".chart svg").first().getAttribute("width"), "690");
  }, { scheme: "dark" });

  onPage("the chart follows the width of its window", kinds, async (page) => {
    const width = () => page.locator(".chart svg").first().evaluate((drawing) => drawing.getBoundingClientRect().width);
    const wide = await width();
    await page.setViewportSize({ width: 600, height: 800 });
    for (let tries = 0; tries < 100 && (await width()) === wide; ++tries) await page.waitForTimeout(20);
    assert.ok((await width()) <= 600);
  });
});
