// SPDX-License-Identifier: Apache-2.0
//
// Which rows of a log are shown, and in which order.

import type { Rows } from "./data";

export type Outcome = "correct" | "wrong" | "abstained";

export interface Filter {
  outcome: Outcome | "all";
  leastRadius: number;
  mostRadius: number;
  indices: [number, number][] | null; // ranges, ends included; null: all
}

export type Column = "idx" | "label" | "predict" | "outcome" | "radius" | "p_lower" | "samples" | "seconds";

export interface Order {
  column: Column;
  descending: boolean;
}

export const everything: Filter = { outcome: "all", leastRadius: 0, mostRadius: Infinity, indices: null };

export function outcomeOf(rows: Rows, row: number): Outcome {
  if (rows.predict[row] === -1) return "abstained";
  return rows.correct[row] === 1 ? "correct" : "wrong";
}

// Positions of the rows that pass, in order; equal ones stay as they are in the log.
export function rowsShown(rows: Rows, filter: Filter, order: Order): number[] {
  const passing: number[] = [];
  for (let row = 0; row < rows.idx.length; ++row) if (passes(rows, row, filter)) passing.push(row);
  const key = keyOf(rows, order.column);
  const sign = order.descending ? -1 : 1;
  return passing.sort((a, b) => sign * (key(a) - key(b)));
}

// "3, 10-20" as ranges; null where nothing is written; throws RangeError where it cannot be read.
export function rangesOf(text: string): [number, number][] | null {
  if (text.trim() === "") return null;
  return text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const match = /^\s*(\d+)\s*(?:[-–]\s*(\d+)\s*)?$/.exec(part);
      if (match === null) throw new RangeError(`"${part.trim()}" is not an index or a range of indices`);
      return [Number(match[1]), Number(match[2] ?? match[1])];
    });
}

function passes(rows: Rows, row: number, filter: Filter): boolean {
  const radius = rows.radius[row];
  if (radius < filter.leastRadius || radius > filter.mostRadius) return false;
  if (filter.outcome !== "all" && outcomeOf(rows, row) !== filter.outcome) return false;
  return filter.indices === null || filter.indices.some(([low, high]) => low <= rows.idx[row] && rows.idx[row] <= high);
}

function keyOf(rows: Rows, column: Column): (row: number) => number {
  if (column === "outcome") return (row) => ["correct", "wrong", "abstained"].indexOf(outcomeOf(rows, row));
  const values = rows[column];
  return values === null ? () => 0 : (row) => values[row];
}
