import type { Expression } from './expressions.ts';

/** A part of an expression: what it matches once, as written, and how often. */
interface Part {
  readonly source: string;
  readonly least: number;
  /** Whether the repetition has no upper bound: `*`, `+`, `{2,}`. */
  readonly endless: boolean;
  /** The alternatives of a group. */
  readonly groups?: readonly (readonly Part[])[];
}

/** The sample characters with which two parts are compared. */
const PROBES = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  '\u00e9',
  '\u2028',
  '\u4e2d',
  '\u200b',
  '\u{1f600}',
];

/**
 * Why an expression may take more than linear time for some text, or undefined. It looks for nested endless
 * repetitions, for two successive ones that share characters, and for one inside whose match a failed search begins
 * again.
 */
export function slownessOf({ source, flags }: Expression): string | undefined {
  const alternatives = readAlternatives(source);
  for (const parts of alternatives) {
    const nested = findNested(parts, false) ?? findNeighbours(flatten(parts), flags);
    if (nested !== undefined) return nested;
    if (!flags.includes('y') && !isAnchored(parts)) {
      const again = findRestart(flatten(parts), flags);
      if (again !== undefined) return again;
    }
  }
  return undefined;
}

function findNested(parts: readonly Part[], inside: boolean): string | undefined {
  for (const { source, endless, groups } of parts) {
    if (inside && endless) return `an endless repetition of ${source} inside another one`;
    for (const inner of groups ?? []) {
      // A part with a required, bounded piece separates the rounds of the outer repetition.
      const found = findNested(inner, endless && !inner.some(({ endless: long, least }) => !long && least > 0));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function findNeighbours(parts: readonly Part[], flags: string): string | undefined {
  for (const [index, part] of parts.entries()) {
    if (!part.endless) continue;
    for (const next of parts.slice(index + 1)) {
      if (next.endless && overlap(part, next, flags)) return `${part.source} and ${next.source} share characters`;
      if (next.least > 0 && !next.endless) break;
    }
  }
  return undefined;
}

/** Whether a search that fails after an endless part can begin again inside the text that the part has matched. */
function findRestart(parts: readonly Part[], flags: string): string | undefined {
  for (const [index, part] of parts.entries()) {
    if (!part.endless) continue;
    const mustFollow = parts.slice(index + 1).some(({ least, source }) => least > 0 || source === '$');
    const beginsInside = parts.slice(0, index).every((before) => before.least === 0 || overlap(before, part, flags));
    if (mustFollow && beginsInside) return `a search begins again inside ${part.source}`;
  }
  return undefined;
}

function isAnchored([first]: readonly Part[]): boolean {
  return first !== undefined && (first.source === '^' || first.source.startsWith('(?<!') || first.source === '\\b');
}

function overlap(left: Part, right: Part, flags: string): boolean {
  const plain = flags.replace(/[gy]/g, '');
  const matches = [left, right].map(({ source }) => new RegExp(`^(?:${source})$`, plain));
  return PROBES.some((probe) => matches.every((one) => one.test(probe)));
}

/** Replaces groups that are not repeated by their parts; of several alternatives, the first endless one counts. */
function flatten(parts: readonly Part[]): readonly Part[] {
  return parts.flatMap((part) => {
    if (part.groups === undefined || part.endless || isLookaround(part.source)) return [part];
    const [first = []] = part.groups.filter((group) => group.some(({ endless }) => endless));
    return first.length === 0 ? [part] : flatten(first).map((inner) => ({ ...inner, least: inner.least * part.least }));
  });
}

const isLookaround = (source: string): boolean => /^\(\?<?[=!]/.test(source);

/** Splits an expression at its outermost `|`, and each alternative into parts. */
function readAlternatives(source: string): Part[][] {
  const alternatives: Part[][] = [[]];
  for (let at = 0; at < source.length; ) {
    if (source[at] === '|') {
      alternatives.push([]);
      at++;
      continue;
    }
    const end = endOfAtom(source, at);
    const atom = source.slice(at, end);
    const [written = '', least = '1', most] = readCount(source.slice(end));
    const groups = atom.startsWith('(')
      ? readAlternatives(atom.slice(1, -1).replace(/^\?(?:<?[=!]|:|<\w+>)/, ''))
      : undefined;
    const isMark = atom === '^' || atom === '$' || atom === '\\b' || atom === '\\B' || isLookaround(atom);
    alternatives.at(-1)?.push({
      source: atom,
      least: isMark ? 0 : Number(least),
      endless: most === '',
      ...(groups !== undefined && { groups }),
    });
    at = end + written.length;
  }
  return alternatives;
}

function readCount(rest: string): readonly [written: string, least?: string, most?: string] {
  const [written = ''] = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(rest) ?? [];
  if (written === '') return [''];
  if (written.startsWith('*')) return [written, '0', ''];
  if (written.startsWith('+')) return [written, '1', ''];
  if (written.startsWith('?')) return [written, '0', '1'];
  const [, least = '1', , most] = /^\{(\d+)(,(\d*))?/.exec(written) ?? [];
  return [written, least, written.includes(',') ? (most ?? '') : least];
}

function endOfAtom(source: string, start: number): number {
  if (source[start] === '\\') {
    const [long = source.slice(start, start + 2)] =
      /^\\(?:[pPu]\{[^}]*\}|u[0-9a-f]{4}|x[0-9a-f]{2}|k<\w+>)/i.exec(source.slice(start)) ?? [];
    return start + long.length;
  }
  if (source[start] !== '(' && source[start] !== '[') {
    return start + ((source.codePointAt(start) ?? 0) > 0xffff ? 2 : 1);
  }
  let depth = 0;
  let inClass = false;
  for (let at = start; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (inClass) inClass = source[at] !== ']';
    else if (source[at] === '[') inClass = true;
    else if (source[at] === '(') depth++;
    else if (source[at] === ')') depth--;
    if (depth === 0 && !inClass) return at + 1;
  }
  return source.length;
}
