import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters, styleText } from 'node:util';
import { visibleJson, visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';

/*
 * All output of a command goes through this file. Every text passes one filter, so that nothing in a name, a file or
 * the output of a foreign tool can control the terminal or stay invisible.
 */

type Style = Parameters<typeof styleText>[0];

/**
 * Marks the escape sequences that `style` adds itself, which alone pass the filter. The value is random, so no input
 * can contain it.
 */
const OURS = randomUUID();

/** Styles text for standard output, or another stream: only on a terminal, and not when NO_COLOR is set. */
export function style(format: Style, text: string, stream: NodeJS.WritableStream = process.stdout): string {
  const [open = '', close = ''] = styleText(format, OURS, { stream }).split(OURS);
  return open === '' ? text : `${OURS}${open}${OURS}${text}${OURS}${close}${OURS}`;
}

/** Prints one line on standard output. */
export function print(line: string): void {
  process.stdout.write(`${filter(line, visibleLine)}\n`);
}

/** Prints a line about the outcome on standard error; standard output is for the outcome itself. */
export function remark(line: string): void {
  process.stderr.write(`${filter(line, visibleLine)}\n`);
}

/** Prints prose of several lines, or a piece of it, without a line end. Off a terminal it is not filtered. */
export function printProse(text: string): void {
  process.stdout.write(process.stdout.isTTY ? visibleText(text) : text);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${toJson(value, process.stdout.isTTY ? 2 : undefined)}\n`);
}

/** Prints a JSON object on a line of its own, at a terminal as well. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${toJson(value)}\n`);
}

/** Serializes to equivalent JSON with `\u` escapes for characters that a person could not see. */
export const toJson = (value: unknown, indent?: number): string => visibleJson(JSON.stringify(value, null, indent));

/** Prints columns under bold headings. The width of the last column is not limited. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const shown = rows.map((row) => row.map((cell) => filter(cell, visibleLine)));
  const titles = headings.map((heading) => filter(style('bold', heading), visibleLine));
  const widths = headings.map((_, column) =>
    [titles, ...shown].reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  const pad = (cell: string, column: number): string => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell));
  for (const row of [titles, ...shown]) {
    const cells = row.map((cell, column) => (column === row.length - 1 ? cell : pad(cell, column)));
    process.stdout.write(`${cells.join('  ')}\n`);
  }
}

function filter(text: string, makeVisible: (part: string) => string): string {
  return text
    .split(OURS)
    .map((part, index) => (index % 2 === 0 ? makeVisible(part) : part))
    .join('');
}

/** The width of a cell on the terminal; escape sequences for colours have none. */
const widthOf = (cell: string): number => stripVTControlCharacters(cell).length;
