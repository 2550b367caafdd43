import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters, styleText } from 'node:util';
import { visibleJson, visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';

/*
 * The only way out for what a command has to say. All of it passes one filter: whatever a name, a file or a stranger's tool
 * holds, nothing steers the terminal and nothing is there that is not seen.
 */

type Style = Parameters<typeof styleText>[0];

/** Stands around what `style` adds itself, which alone passes the filter; nobody else can know it. */
const OURS = randomUUID();

/** Styles text for standard output, or where else it goes: only on a terminal, and not against NO_COLOR. */
export function style(format: Style, text: string, stream: NodeJS.WritableStream = process.stdout): string {
  const [open = '', close = ''] = styleText(format, OURS, { stream }).split(OURS);
  return open === '' ? text : `${OURS}${open}${OURS}${text}${OURS}${close}${OURS}`;
}

/** Prints one line on standard output. */
export function print(line: string): void {
  process.stdout.write(`${filter(line, visibleLine)}\n`);
}

/** Prints one line about the outcome on standard error: standard output is for the outcome. */
export function remark(line: string): void {
  process.stderr.write(`${filter(line, visibleLine)}\n`);
}

/** Prints prose of several lines, or a piece of it, without ending the line. Programs get it as it is. */
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

/** JSON that says the same as any other, with `\u` escapes for what a person could not see. */
export const toJson = (value: unknown, indent?: number): string => visibleJson(JSON.stringify(value, null, indent));

/** Columns under bold headings; the last column may be as long as it likes. */
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

/** Colours take no room. */
const widthOf = (cell: string): number => stripVTControlCharacters(cell).length;
