// SPDX-License-Identifier: Apache-2.0
//
// Numbers as text.

const decimals = 4;

// To 4 decimals, ties to even, as the program prints it.
export function accuracyText(value: number): string {
  const [whole, fraction] = exactDecimals(value);
  const tie = /^50*$/.test(fraction.slice(decimals));
  const odd = Number(fraction[decimals - 1]) % 2 === 1;
  return tie && !odd ? `${whole}.${fraction.slice(0, decimals)}` : value.toFixed(decimals);
}

// The greatest number with 4 decimals that is not above the exact binary value: a bound never claims more than was
// proved. Requires value >= 0.
export function roundedDown(value: number): string {
  const [whole, fraction] = exactDecimals(value);
  return `${whole}.${fraction.slice(0, decimals)}`;
}

// "≥ .7321"
export function boundText(value: number): string {
  return `≥ ${roundedDown(value).replace(/^0\./, ".")}`;
}

// A radius of a log, to 4 decimals, its further digits cut off.
export function radiusText(radius: number): string {
  const written = String(radius);
  if (written.includes("e")) return roundedDown(radius);
  const [whole, fraction = ""] = written.split(".");
  return `${whole}.${fraction.slice(0, decimals).padEnd(decimals, "0")}`;
}

// "100,000", and one decimal where it is not whole.
export function countText(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

// "25.2 million"
export function largeText(value: number): string {
  for (const [unit, name] of [[1e9, "billion"], [1e6, "million"]] as const) if (value >= 10 * unit || (unit === 1e9 && value >= unit)) return `${countText(value / unit)} ${name}`;
  return countText(value);
}

// To 3 significant digits.
export function secondsText(value: number): string {
  return value >= 100 ? countText(Math.round(value)) : value.toPrecision(3);
}

// "48 s", "2 min 5 s", "3 h 20 min", "2 d 4 h"
export function durationText(seconds: number): string {
  const units: [number, string][] = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  if (seconds < 60) return `${seconds < 10 ? seconds.toPrecision(2) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const first = units.findIndex(([length]) => whole >= length);
  const [[length, name], [rest, restName]] = [units[first], units[first + 1]];
  const more = Math.floor((whole % length) / rest);
  return `${countText(Math.floor(whole / length))} ${name}${more === 0 ? "" : ` ${more} ${restName}`}`;
}

// A double has an exact decimal expansion; so many digits are enough to decide every rounding here.
function exactDecimals(value: number): [string, string] {
  const [whole, fraction = "0".repeat(60)] = value.toFixed(60).split(".");
  return [whole, fraction];
}
