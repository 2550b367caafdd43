import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/**
 * Reads the meanings of codes from the docstrings of a file: the rows of their tables and the items of their lists, by
 * code. The meaning of a code is written only there.
 *
 * @throws {Error} for a code that no docstring describes, and for a description of a code that does not exist
 */
export function readMeanings(path: string, codes: readonly string[]): ReadonlyMap<string, string> {
  // An item may continue on several indented lines.
  const source = readFileSync(join(root, path), 'utf8').replace(/\n \* {3}(?=\S)/g, ' ');
  const rows = source.matchAll(/^ \* (?:\| `([A-Z_]+)` \| (.+) \||- `([A-Z_]+)`: (.+)\.)$/gm);
  const told = new Map([...rows].map(([, code, text, item, words]) => [code ?? item ?? '', text ?? words ?? '']));
  const missing = codes.filter((code) => !told.has(code));
  const unknown = [...told.keys()].filter((code) => !codes.includes(code));
  if (missing.length > 0) throw new Error(`${path} does not say what these mean: ${missing.join(', ')}`);
  if (unknown.length > 0) throw new Error(`${path} tells of codes that there are not: ${unknown.join(', ')}`);
  return told;
}

/** A Markdown table with padded columns, so that the source is readable. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(header), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

const length = (text: string): number => text.length;
