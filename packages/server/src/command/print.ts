import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Styles text for standard output: only on a terminal, and not against NO_COLOR. */
export const style = (format: Style, text: string): string => styleText(format, text, { stream: process.stdout });

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined));
}

/** Columns under bold headings; the last column may be as long as it likes. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ');
  print(style('bold', line(headings)));
  for (const row of rows) print(line(row));
}
