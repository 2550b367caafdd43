import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/**
 * What the docstrings of a file say about codes: the rows of their tables and the items of their lists, by code. They
 * are the one place where the meaning of a code is written.
 *
 * @throws {Error} for a code that no docstring tells of, and for one that is told of and not there
 */
export function readMeanings(path: string, codes: readonly string[]): ReadonlyMap<string, string> {
  // An item may go on over several lines, which are indented.
  const source = readFileSync(join(root, path), 'utf8').replace(/\n \* {3}(?=\S)/g, ' ');
  const rows = source.matchAll(/^ \* (?:\| `([A-Z_]+)` \| (.+) \||- `([A-Z_]+)`: (.+)\.)$/gm);
  const told = new Map([...rows].map(([, code, text, item, words]) => [code ?? item ?? '', text ?? words ?? '']));
  const missing = codes.filter((code) => !told.has(code));
  const unknown = [...told.keys()].filter((code) => !codes.includes(code));
  if (missing.length > 0) throw new Error(`${path} does not say what these mean: ${missing.join(', ')}`);
  if (unknown.length > 0) throw new Error(`${path} tells of codes that there are not: ${unknown.join(', ')}`);
  return told;
}

/** A Markdown table, its columns padded so that it can be read as it is. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(header), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

const length = (text: string): number => text.length;
