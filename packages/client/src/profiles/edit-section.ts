import { type Line, scan, writeValue } from './scan.ts';

/**
 * Sets the keys of a section, which is created if it is missing; undefined removes a key. All other lines stay
 * unchanged, including their line endings.
 */
export function setInSection(
  text: string,
  path: string,
  section: string,
  values: Readonly<Record<string, string | undefined>>,
): string {
  const lines = scan(text, path);
  const end = lineEnd(lines);
  const entries = Object.entries(values)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${writeValue(value)}${end}`]))
    .join('');
  const isThere = lines.some(({ kind, section: own }) => kind === 'header' && own === section);
  if (!isThere) {
    const before = ended(text, end);
    return `${before}${before.replace(/^\uFEFF/, '') === '' ? '' : end}[${section}]${end}${entries}`;
  }
  return lines
    .map((line) => {
      if (line.section !== section) return line.raw;
      if (line.kind === 'header') return `${ended(line.raw, end)}${entries}`;
      return line.key !== undefined && Object.hasOwn(values, line.key) ? '' : line.raw;
    })
    .join('');
}

/** Removes a section, but not the comments at its end, which belong to the next section. */
export function removeSection(text: string, path: string, section: string): string {
  const lines = scan(text, path);
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const kept = lines.filter((line, index) => {
    if (line.section !== section) return true;
    const next = lines.slice(index).find(({ kind }) => kind !== 'comment');
    return next !== undefined && next.section !== section;
  });
  return mark + kept.map(({ raw }) => raw.replace(/^\uFEFF/, '')).join('');
}

const ended = (text: string, end: string): string =>
  text === '' || /[\r\n]$/.test(text) || text === '\uFEFF' ? text : text + end;

/** The line ending of the file's first line. */
const lineEnd = (lines: readonly Line[]): string => /[\r\n]+$/.exec(lines[0]?.raw ?? '')?.[0] ?? '\n';
