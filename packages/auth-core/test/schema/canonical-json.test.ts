import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/schema/canonical-json.ts';

describe('canonical JSON', () => {
  it('orders keys by their code units, at every depth, and writes no blanks', () => {
    expect(
      canonicalJson({ b: [{ d: 1, c: 'x y' }], a: null, '\u20ac': 1, '\ud83d\ude00': 2, '\ufb33': 3, 1: true }),
    ).toBe('{"1":true,"a":null,"b":[{"c":"x y","d":1}],"\u20ac":1,"\ud83d\ude00":2,"\ufb33":3}');
  });

  it('leaves out keys that hold undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(canonicalJson([undefined, Number.NaN])).toBe('[null,null]');
  });

  it('writes keys that objects have by themselves', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"x":1},"constructor":2}'))).toBe(
      '{"__proto__":{"x":1},"constructor":2}',
    );
  });

  it('writes equal values alike, whatever the order of their keys, and nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(reverseKeys(value))).toBe(text);
        expect(canonicalJson(JSON.parse(JSON.stringify(value)))).toBe(text);
      }),
    );
  });
});

function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reverseKeys(inner)]),
  );
}
