// SPDX-License-Identifier: Apache-2.0
//
// Readers of values that came from outside. A reader returns its value with the
// type it promises, or throws DataError with the place and what is allowed there.

export class DataError extends Error {}

export type Reader<T> = (value: unknown, place: string) => T;

export const text: Reader<string> = (value, place) => (typeof value === "string" ? value : refuse(value, place, "a text"));

export const number: Reader<number> = (value, place) =>
  typeof value === "number" && Number.isFinite(value) ? value : refuse(value, place, "a finite number");

export const notNegative: Reader<number> = (value, place) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : refuse(value, place, "a number that is not negative");

export const truth: Reader<boolean> = (value, place) => (typeof value === "boolean" ? value : refuse(value, place, "true or false"));

export const share: Reader<number> = (value, place) =>
  typeof value === "number" && value >= 0 && value <= 1 ? value : refuse(value, place, "a number from 0 to 1");

export const anything: Reader<unknown> = (value) => value;

export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Reader<number> {
  const rule = most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least} on` : `a whole number from ${least} to ${most}`;
  return (value, place) => (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most ? value : refuse(value, place, rule));
}

export function oneOf<const T extends string | number>(...allowed: T[]): Reader<T> {
  return (value, place) => allowed.find((entry) => entry === value) ?? refuse(value, place, allowed.map((a) => JSON.stringify(a)).join(" or "));
}

export function orNull<T>(reader: Reader<T>): Reader<T | null> {
  return (value, place) => (value === null ? null : reader(value, place));
}

export function list<T>(reader: Reader<T>): Reader<T[]> {
  return (value, place) => entries(value, place).map((entry, i) => reader(entry, `${place}[${i}]`));
}

// Lists of a row's numbers are long: they are checked where they stand, and no place is written unless one is wrong.
export function numbers(allowed: (value: number) => boolean = Number.isFinite, rule = "a finite number"): Reader<number[]> {
  return (value, place) => {
    const all = entries(value, place);
    for (let i = 0; i < all.length; ++i) {
      const entry = all[i];
      if (typeof entry !== "number" || !allowed(entry)) refuse(entry, `${place}[${i}]`, rule);
    }
    return all as number[];
  };
}

export function record<T>(reader: Reader<T>): Reader<Record<string, T>> {
  return (value, place) =>
    Object.fromEntries(Object.entries(members(value, place)).map(([key, entry]) => [key, reader(entry, `${place}[${JSON.stringify(key)}]`)]));
}

// An object with at least these members; others are left out.
export function object<T>(readers: { [K in keyof T]: Reader<T[K]> }): Reader<T> {
  return (value, place) => {
    const from = members(value, place);
    const result: Partial<T> = {};
    for (const key in readers) {
      const inner = place === "" ? key : `${place}.${key}`;
      if (!Object.hasOwn(from, key)) throw new DataError(`the member ${inner} is missing`);
      result[key] = readers[key](from[key], inner);
    }
    return result as T;
  };
}

// The value in a text of JSON. Throws DataError where the text is none, too.
export function parsed<T>(json: string, reader: Reader<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new DataError(`the data is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return reader(value, "");
}

function entries(value: unknown, place: string): unknown[] {
  return Array.isArray(value) ? value : refuse(value, place, "a list");
}

function members(value: unknown, place: string): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : refuse(value, place === "" ? "the data" : place, "an object");
}

export function refuse(value: unknown, place: string, allowed: string): never {
  throw new DataError(`${place} is ${shown(value)}, and must be ${allowed}`);
}

function shown(value: unknown): string {
  const whole = JSON.stringify(value) ?? String(value);
  return whole.length > 60 ? `${whole.slice(0, 60)}…` : whole;
}
