import { describe, expect, it } from 'vitest';
import { readSources } from './sources.ts';

/** The files that define the bounded schemas. */
const MAKERS = ['packages/server/src/input/bounded.ts', 'packages/mcp-bridge/src/config/dictionary.ts'];

/** The lists, and the objects with any keys, in the schemas of a file, each with the calls chained to it. */
function collectionsOf(text: string): readonly { readonly call: string; readonly chain: string }[] {
  return [...text.matchAll(/\bz\s*\.(array|record|map|set|tuple)\(/g)].map((match) => {
    const open = match.index + match[0].length;
    const end = closingOf(text, open);
    return { call: match[1] ?? '', chain: chainAfter(text, end) };
  });
}

function closingOf(text: string, from: number): number {
  let depth = 1;
  let at = from;
  for (; at < text.length && depth > 0; at += 1)
    depth += '([{'.includes(text[at] ?? '') ? 1 : ')]}'.includes(text[at] ?? '') ? -1 : 0;
  return at;
}

function chainAfter(text: string, from: number): string {
  const next = /^\s*\.\w+\(/.exec(text.slice(from));
  if (next === null) return '';
  const end = closingOf(text, from + next[0].length);
  return next[0].trim() + chainAfter(text, end);
}

const isBounded = ({ call, chain }: { readonly call: string; readonly chain: string }): boolean =>
  call === 'tuple' || ((call === 'array' || call === 'set') && /\.(max|length)\(/.test(chain));

describe('schemas of what comes from outside', () => {
  it('bound every list and every object of any keys', () => {
    const unbounded = readSources('packages/*/src/**/*.ts')
      .filter(({ path }) => !MAKERS.includes(path))
      .flatMap(({ path, text }) =>
        collectionsOf(text)
          .filter((one) => !isBounded(one))
          .map(({ call }) => `${path}: z.${call}`),
      );
    expect(unbounded).toEqual([]);
  });

  it.each([
    ['z.array(z.string())', false],
    ['z.array(z.object({ a: z.string().max(3) }))', false],
    ['z.array(z.string()).min(1).max(9)', true],
    ['z\n  .array(z.string())\n  .max(9)', true],
    ['z.record(z.string(), z.number())', false],
  ])('are told apart: %s', (text, expected) => {
    expect(collectionsOf(text).every(isBounded)).toBe(expected);
  });
});
