// SPDX-License-Identifier: Apache-2.0
//
// Files made in the page.

export function save(name: string, type: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export type Cell = string | number | null;

// RFC 4180, with every digit of the numbers.
export function csv(head: string[], lines: Iterable<Cell[]>): string {
  const written = [lineOf(head)];
  for (const line of lines) written.push(lineOf(line));
  return written.join("");
}

export function saveCsv(name: string, head: string[], lines: Iterable<Cell[]>): void {
  save(name, "text/csv", csv(head, lines));
}

function lineOf(cells: Cell[]): string {
  return `${cells.map(cellText).join(",")}\r\n`;
}

// A spreadsheet takes a text that begins so for a formula; behind an apostrophe it does not.
function cellText(cell: Cell): string {
  const given = cell === null ? "" : String(cell);
  const text = typeof cell === "string" && /^[=+\-@\t\r]./s.test(given) ? `'${given}` : given;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
