import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonBounds, scanJson } from '../../src/input/scan-json.ts';

const BOUNDS: JsonBounds = {
  values: 100,
  depth: 5,
  keys: 10,
  keyCharacters: 20,
  stringCharacters: 50,
  protoKeys: false,
};
const WIDE: JsonBounds = {
  ...{ values: 1e6, depth: 1000, keys: 1e6, keyCharacters: 1e6, stringCharacters: 1e6 },
  protoKeys: true,
};
const faultOf = (text: string, bounds = BOUNDS) => scanJson(text, bounds);

describe('a JSON text', () => {
  it.each([
    ['more values than it may have', `[${'1,'.repeat(100)}1]`, '', 'holds more than 100 values'],
    ['values of values', `{"a":[${'{"b":[]},'.repeat(60)}1]}`, '', 'holds more than 100 values'],
    ['deep arrays', '[[[[[[1]]]]]]', '[0][0][0][0][0]', 'is nested more than 5 levels deep'],
    ['deep objects', `${'{"a":'.repeat(6)}1${'}'.repeat(6)}`, 'a.a.a.a.a', 'is nested more than 5 levels deep'],
    ['deep and unfinished', '{"m":[{"c":[[[', 'm[0].c[0][0]', 'is nested more than 5 levels deep'],
    [
      'too many keys',
      `{"x":{${Array.from({ length: 11 }, (_, index) => `"k${index}":1`).join()}}}`,
      'x',
      'has more than 10 keys',
    ],
    ['a long key', `{"x":{"${'k'.repeat(21)}":1}}`, 'x', 'has a key of more than 20 characters'],
    ['a long string', `{"x":["${'s'.repeat(51)}"]}`, 'x[0]', 'is longer than 50 characters'],
    ['a key that appears twice', '{"x":{"a":1,"b":2,"a":3}}', 'x.a', 'appears twice'],
    ['a key that appears twice in another spelling', '{"a":1,"\\u0061":3}', 'a', 'appears twice'],
    ['a number beyond the range', '{"x":[1,1e400]}', 'x[1]', 'is a number beyond the range of numbers'],
    ['a negative one', '-1e999999', '', 'is a number beyond the range of numbers'],
    ['a number of many digits', `{"x":0.${'0'.repeat(1100)}1}`, 'x', 'is a number of more than 1024 characters'],
    ['a key that objects lose', '{"x":{"__proto__":1}}', 'x', "has a key '__proto__', which cannot be passed on"],
    ['the same, escaped', '{"\\u005f_proto__":1}', '', "has a key '__proto__', which cannot be passed on"],
    [
      'a key that is no name',
      '{"a b\\"":{"c":[[[[[1]]]]]}}',
      '["a b\\""].c[0][0][0]',
      'is nested more than 5 levels deep',
    ],
  ])('is refused for %s', (_, text, path, problem) => {
    expect(faultOf(text)).toMatchObject({ path, problem });
  });

  it('may have one key in two objects', () => {
    expect(faultOf('[{"a":{"a":1},"b":{"a":1}},{"a":1}]')).toBeUndefined();
  });

  it('has a path that is no longer than a line, however long its keys are', () => {
    const text = `{"${'ü'.repeat(900)}":`.repeat(50);
    expect(faultOf(text, { ...WIDE, depth: 40 })?.path.length).toBeLessThan(600);
  });

  it('has no fault when JSON.parse takes it unchanged', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
        const pretty = JSON.stringify(JSON.parse(text), null, indent);
        const fault = faultOf(pretty, WIDE);
        // The arbitrary makes keys of all kinds, and JSON.parse lets a later one win.
        expect(fault).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('is looked at to its end: what breaks a bound anywhere in it is found', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 4 }), { maxLength: 5 }),
        fc.jsonValue({ maxDepth: 4 }),
        (before, after) => {
          const text = `${JSON.stringify([...before, after]).slice(0, -1)},1e999]`;
          expect(faultOf(text, WIDE)?.problem).toBe('is a number beyond the range of numbers');
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(['', '}', ']', ',', '{"a"', '{"a":tru', '"', '"\\', '\u0000', '[1 2]', '{"\\x":1}', "{'a':1}", 'NaN', '[1}'])(
    'that is none is left to JSON.parse: %j',
    (text) => {
      expect(faultOf(text)).toBeUndefined();
      expect(() => JSON.parse(text)).toThrow();
    },
  );
});
