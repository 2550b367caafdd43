import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Styles text for standard output, or where else it goes: only on a terminal, and not against NO_COLOR. */
export const style = (format: Style, text: string, stream: NodeJS.WritableStream = process.stdout): string =>
  styleText(format, text, { stream });

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined));
}

/** Text from anywhere, with what could steer a terminal spelt out. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);

/** Prose in any script, of several lines, with what could steer a terminal spelt out. */
export const visibleLines = (text: string): string =>
  text.replace(/[^\P{Cc}\n\t]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);

/** Columns under bold headings; the last column may be as long as it likes. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = headings.map((_, column) =>
    [headings, ...rows].reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  const pad = (cell: string, column: number): string => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : pad(cell, column))).join('  ');
  print(style('bold', line(headings)));
  for (const row of rows) print(line(row));
}

/** Colours take no room. */
const widthOf = (cell: string): number => stripVTControlCharacters(cell).length;
