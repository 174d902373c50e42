// SPDX-License-Identifier: Apache-2.0
//
// Reports made up by the contract of the page's data, the same on every run.

import { deflateSync } from "node:zlib";

export const hostileName = `<script>alert(1)</script><img src=x onerror=alert(2)>`;

// Every kind of log, ten thousand rows each.
export function everyKind() {
  return report({
    title: "Fashion-MNIST, residual network of 14 layers",
    logs: [
      log({ name: "sigma_0.12.tsv", scale: 0.12, seed: 1 }),
      log({ name: "sigma_0.25.tsv", scale: 0.25, seed: 2 }),
      log({ name: "sigma_0.50.tsv", scale: 0.5, seed: 3 }),
      log({ name: "sigma_0.50-scaled.tsv", scale: 0.5, seed: 4, illustration: true, bounds: null, mean_radius_bounds: null }),
      namedRadii(log({ name: "sigma_0.25-radii.tsv", kind: "staged", scale: 0.25, seed: 5 }), [0, 0.25, 0.5, 0.75]),
      log({ name: "uniform_1.tsv", scale: 1, scale_name: "lambda", noise: "uniform", norm: "l1", seed: 6 }),
      log({ name: "laplace_1.tsv", scale: 0.5, scale_name: "lambda", noise: "laplace", norm: "l1", seed: 7 }),
      predictLog({ name: "predict_0.25.tsv", scale: 0.25, seed: 8 }),
    ],
    images: pictures([0, 1, 2, 3, 4, 5], ["0.12", "0.25", "0.5"]),
  });
}

// As much as a report is meant to hold.
export function twelveLogs() {
  return report({
    title: "Twelve logs of ten thousand images",
    logs: Array.from({ length: 12 }, (_, i) => log({ name: `sigma_0.${10 + 5 * i}.tsv`, scale: (10 + 5 * i) / 100, seed: 20 + i })),
  });
}

// Text that would do harm as markup, in every place that holds text.
export function hostile() {
  const bad = hostileName;
  const one = log({ name: bad, scale: 0.25, seed: 9, images: 40 });
  Object.assign(one, { description: bad, noise: bad, bound: bad, method: bad, training: bad, command: `ballast certify '${bad}' $(touch x)` });
  one.manifest = { [bad]: bad, __proto__x: { constructor: bad }, nested: [bad, { a: bad }] };
  one.class_names = Array.from({ length: 10 }, (_, c) => `${bad} ${c}`);
  one.rows.counts = one.rows.counts.map(() => `${bad}:3,0:7`);
  const other = log({ name: `quotes " ' & </title></svg>]]> \u202e \u0007 \u2028`, scale: 0.5, seed: 10, images: 40 });
  return report({ title: bad, logs: [one, other], images: pictures([0], [bad]) });
}

// As small as can be computed by hand: five images, four of them certified at 0, three at 0.5, one abstained.
export function byHand() {
  const small = log({ name: "by_hand.tsv", scale: 0.25, seed: 1, images: 5 });
  small.rows = {
    idx: [10, 20, 30, 40, 50],
    label: [1, 2, 3, 4, 5],
    predict: [1, 2, 3, 0, -1],
    radius: [0.5, 0.25, 0.75, 0.9, 0],
    correct: [1, 1, 1, 0, 1],
    samples: null,
    seconds: null,
    p_lower: null,
    counts: null,
  };
  small.provable_radius = 0.9; // of a wrong answer: every radius of the table can be proved
  small.bounds = { radius: [0, 0.25, 0.5], appendix_d: [0.3, 0.2, 0.1], inverted: [0.29999, 0.21999, 0.11], uniform: [0.2, 0.1, 0], population: [0.1, 0.05, 0] };
  return report({ title: "By hand", table_radii: [0, 0.25, 0.3, 0.5, 0.8], logs: [small] });
}

// Every image with a picture: two wrong, one abstained, the others right with radii that rise.
export function smallWithPictures() {
  const one = log({ name: "small.tsv", scale: 0.5, seed: 3, images: 8 });
  Object.assign(one.rows, { idx: [0, 1, 2, 3, 4, 5, 6, 7], label: [0, 1, 2, 3, 4, 5, 6, 6], predict: [0, 1, 2, 3, 4, 6, -1, 5] });
  Object.assign(one.rows, { radius: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0, 0.05], correct: [1, 1, 1, 1, 1, 0, 0, 0] });
  const predicted = predictLog({ name: "predict.tsv", scale: 0.5, seed: 3, images: 8 });
  predicted.gold_rates = { correct_accurate: 0.5, correct_inaccurate: 0.125, wrong_accurate: 0.25, wrong_inaccurate: 0.0625, abstained: 0.0625 };
  const verified = log({ name: "crown.tsv", scale: 1, seed: 4, images: 8, scale_name: null, noise: null, verifier: "crown", method: "verify", image_group: 0, bounds: null, mean_radius_bounds: null, provable_radius: null });
  Object.assign(verified, { scale: null, alpha: null, n: null, samples_per_image: null, most_tested: 1 });
  Object.assign(verified.rows, { samples: null, p_lower: null, counts: null });
  return report({ title: "Small", table_radii: [0, 0.25, 0.5, 1, 1.5], gold: "gold.tsv", logs: [one, predicted, verified], images: pictures([0, 1, 2, 3, 4, 5, 6, 7], ["0.5"]) });
}

export function report(parts) {
  return { version: 1, ballast: "0.1.0", title: "", table_radii: [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5], rho: 0.001, gold: null, logs: [], images: null, ...parts };
}

export function log({ images = 10_000, seed, kind = "certify", scale, scale_name: scaleName = "sigma", noise = "grid", norm = "l2", ...others }) {
  const rows = certifiedRows(images, scale, random(seed));
  const radii = rows.radius.map((r, i) => (rows.correct[i] === 1 ? r : 0));
  const mean = radii.reduce((sum, r) => sum + r, 0) / images;
  return {
    name: "",
    kind,
    description: `${scaleName} ${scale}, ${noise} noise, n 100000, alpha 0.001, bound cohen`,
    scale_name: scaleName,
    scale,
    noise,
    norm,
    bound: "cohen",
    method: "certify",
    alpha: 0.001,
    n: 100_000,
    illustration: false,
    data: "fashion-mnist, test",
    images: images === 10_000 ? "all 10000 images" : `${images} images of 10000 (0 to ${images - 1})`,
    pictured: true,
    image_group: 0,
    model: "fashion-mnist-0.25.onnx",
    verifier: null,
    training: `${scaleName} ${scale}`,
    manifest: { ballast: "0.1.0", method: "certify", noise, [scaleName]: scale, alpha: 0.001, n0: 100, n: 100_000, seed: "0x5eed", model_sha256: "9f".repeat(32) },
    command: `ballast certify models/fashion-mnist-0.25.onnx fashion-mnist sigma.tsv --${scaleName} ${scale} --noise ${noise} --n 100000 --alpha 0.001`,
    radii_are_named: false,
    radii_tested: null,
    most_tested: null,
    provable_radius: Math.floor(1e6 * scale * 3.719) / 1e6,
    samples_per_image: rows.samples.reduce((sum, n) => sum + n, 0) / images,
    seconds_per_image: rows.seconds.reduce((sum, s) => sum + s, 0) / images,
    mean_radius: mean,
    mean_radius_bounds: { test_set: mean * 0.985, population: mean * 0.95 },
    predict_rates: null,
    gold_rates: null,
    bounds: boundsOf(rows, images),
    rows,
    class_names: ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    ...others,
  };
}

// Certified only at these radii: each row's is the largest of them not above its own.
function namedRadii(log, radii) {
  log.rows.radius = log.rows.radius.map((r) => Math.max(...radii.filter((tested) => tested <= r)));
  log.rows.samples = log.rows.samples.map((_, i) => 20 + ((i * 7919) % 4000));
  log.samples_per_image = log.rows.samples.reduce((sum, n) => sum + n, 0) / log.rows.samples.length;
  const bounds = boundsOf(log.rows, log.rows.idx.length);
  const mean = log.mean_radius * 0.8;
  return { ...log, bounds, radii_are_named: true, radii_tested: radii, provable_radius: radii.at(-1), mean_radius: mean, mean_radius_bounds: { test_set: mean * 0.98, population: mean * 0.95 }, method: "certify-radii" };
}

function predictLog(parts) {
  const made = log(parts);
  const images = made.rows.idx.length;
  made.rows.radius = made.rows.radius.map(() => 0);
  made.rows.p_lower = null;
  const share = (passes) => made.rows.idx.filter((_, i) => passes(i)).length / images;
  const predictRates = {
    correct: share((i) => made.rows.correct[i] === 1),
    wrong: share((i) => made.rows.correct[i] === 0 && made.rows.predict[i] !== -1),
    abstained: share((i) => made.rows.predict[i] === -1),
  };
  return { ...made, kind: "predict", method: "predict", bounds: null, provable_radius: null, mean_radius: null, mean_radius_bounds: null, predict_rates: predictRates };
}

function certifiedRows(images, scale, next) {
  const rows = { idx: [], label: [], predict: [], radius: [], correct: [], samples: [], seconds: [], p_lower: [], counts: [] };
  for (let i = 0; i < images; ++i) {
    const label = Math.floor(next() * 10);
    const margin = normal(next) * 1.1 + 1.9 - scale; // of the label's probability, in standard deviations
    const abstained = Math.abs(margin) < 0.03;
    const right = margin > 0;
    const answer = right ? label : (label + 1 + Math.floor(next() * 9)) % 10;
    const reach = Math.min(Math.abs(margin), 3.719);
    const winner = Math.floor(100_000 * phi(reach));
    rows.idx.push(i);
    rows.label.push(label);
    rows.predict.push(abstained ? -1 : answer);
    rows.radius.push(abstained ? 0 : Math.floor(1e6 * scale * reach) / 1e6);
    rows.correct.push(right && !abstained ? 1 : 0);
    rows.samples.push(100_000);
    rows.seconds.push(Math.round(1e6 * (0.9 + 0.2 * next())) / 1e6);
    rows.p_lower.push(Math.floor(1e12 * phi(reach)) / 1e12);
    rows.counts.push(votes(answer, winner, 100_000 - winner, next));
  }
  return rows;
}

function votes(winner, count, rest, next) {
  const votes = new Array(10).fill(0);
  votes[winner] = count;
  for (let k = 0; rest > 0; ++k) {
    const part = k === 4 ? rest : Math.ceil(rest * next());
    votes[(winner + 1 + Math.floor(next() * 9)) % 10] += part;
    rest -= part;
  }
  return votes.flatMap((v, c) => (v > 0 ? [`${c}:${v}`] : [])).join(",");
}

// Appendix D by its formula; the others stand in for what the program would say.
function boundsOf(rows, images, alpha = 0.001, rho = 0.001) {
  const radius = Array.from({ length: 201 }, (_, k) => k / 100);
  const accuracy = radius.map((r) => rows.radius.filter((radius, i) => rows.correct[i] === 1 && radius >= r).length / images);
  const doubt = Math.log(1 / rho);
  const bernstein = (y) => Math.max(0, (y - alpha - Math.sqrt((2 * alpha * (1 - alpha) * doubt) / images) - doubt / (3 * images)) / (1 - alpha));
  const appendixD = accuracy.map(bernstein);
  return {
    radius,
    appendix_d: appendixD,
    inverted: appendixD.map((v, k) => (v + accuracy[k]) / 2 - 0.0001).map((v) => Math.max(0, v)),
    uniform: accuracy.map((y) => Math.max(0, y - 0.0021)),
    population: accuracy.map((y) => Math.max(0, y - alpha - 3.1 * Math.sqrt((y * (1 - y)) / images) - 0.0005)),
  };
}

function pictures(indices, scales) {
  const next = random(77);
  const noisy = (index, level) => Array.from({ length: 4 }, () => png(28, (x, y) => shape(index, x, y) + level * 255 * normal(next)));
  return Object.fromEntries(
    indices.map((index) => [String(index), { channels: 1, clean: png(28, (x, y) => shape(index, x, y)), noisy: Object.fromEntries(scales.map((scale) => [scale, noisy(index, Number(scale) || 0.3)])), attacked: null }]),
  );
}

function shape(index, x, y) {
  const inside = Math.abs(x - 14) < 5 + ((index * 3) % 5) && y > 4 && y < 24;
  return inside ? 90 + 6 * y : 0;
}

// A grey square image as a data: address.
function png(size, pixel) {
  const scanlines = Buffer.alloc(size * (size + 1));
  for (let y = 0; y < size; ++y) for (let x = 0; x < size; ++x) scanlines[y * (size + 1) + 1 + x] = Math.min(255, Math.max(0, Math.round(pixel(x, y))));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header[8] = 8;
  const file = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", header), chunk("IDAT", deflateSync(scanlines)), chunk("IEND", Buffer.alloc(0))]);
  return `data:image/png;base64,${file.toString("base64")}`;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; ++k) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

// Mulberry32.
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(next) {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

// The normal distribution function, to about 1e-7 (Abramowitz and Stegun 26.2.17).
function phi(z) {
  const t = 1 / (1 + 0.2316419 * z);
  const tail = ((((1.330274429 * t - 1.821255978) * t + 1.781477937) * t - 0.356563782) * t + 0.31938153) * t;
  return 1 - tail * Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}
