import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dictionary, list } from '../../src/input/bounded.ts';

const src = join(import.meta.dirname, '../../src');

describe('the schemas of the server', () => {
  it('have no list and no dictionary without a bound', () => {
    const unbounded = globSync('**/*.ts', { cwd: src })
      .filter((path) => !path.endsWith('input/bounded.ts'))
      .filter((path) =>
        /\bz\s*\.(array|record|partialRecord|looseRecord|map|set)\(/.test(readFileSync(join(src, path), 'utf8')),
      );
    expect(unbounded).toEqual([]);
  });
});

const issuesOf = (schema: z.ZodType, input: unknown) =>
  schema.safeParse(input).error?.issues.map(({ path, message }) => [path, message]);

describe('a list', () => {
  const numbers = list(z.number(), 3, 1);

  it('holds what each item is read as', () => {
    expect(list(z.string().transform(Number), 3).parse(['1', '2'])).toEqual([1, 2]);
    expect(z.object({ a: numbers.optional() }).parse({})).toEqual({});
  });

  it.each([
    [[1, 2, 3, 4], [], 'expected at most 3 items'],
    [[], [], 'expected at least 1 item(s)'],
    [{ length: 1 }, [], 'Invalid input: expected array, received object'],
    [[1, 'a', 'b'], [1], 'Invalid input: expected number, received string'],
  ])('refuses %j with one issue', (input, path, message) => {
    expect(issuesOf(numbers, input)).toEqual([[path, message]]);
  });

  it('looks at nothing after the first item that is wrong', () => {
    let looks = 0;
    const item = z.unknown().refine(() => {
      looks += 1;
      return false;
    });
    expect(issuesOf(list(item, 1000), Array(1000).fill(1))).toHaveLength(1);
    expect(looks).toBe(1);
  });
});

describe('a dictionary', () => {
  it('keeps keys of all kinds', () => {
    const input = JSON.parse('{"__proto__":1,"constructor":2}') as object;
    expect(Object.entries(dictionary(z.number(), 2).parse(input))).toEqual(Object.entries(input));
  });

  it.each([
    [{ a: 1, b: 2, c: 3 }, [], 'expected at most 2 keys'],
    [[1], [], 'Invalid input: expected record, received array'],
    [null, [], 'Invalid input: expected record, received null'],
    [{ a: 'x', b: 'y' }, ['a'], 'Invalid input: expected number, received string'],
  ])('refuses %j with one issue', (input, path, message) => {
    expect(issuesOf(dictionary(z.number(), 2), input)).toEqual([[path, message]]);
  });
});
