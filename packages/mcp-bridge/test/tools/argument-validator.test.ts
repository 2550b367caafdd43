import { describe, expect, it } from 'vitest';
import { compileArgumentValidator } from '../../src/tools/argument-validator.ts';

const compile = (properties: object, rest: object = {}, dialect?: string) =>
  compileArgumentValidator({
    inputSchema: { type: 'object', properties, ...rest },
    ...(dialect === undefined ? {} : { dialect }),
  });

describe('compileArgumentValidator', () => {
  it.each<[string, object, object, object, string]>([
    ['a missing argument', { path: {} }, { required: ['path'] }, {}, 'The argument "path" is missing.'],
    ['a wrong type', { count: { type: 'integer' } }, {}, { count: 'secret' }, 'The argument "count" must be integer.'],
    [
      'a nested one',
      { a: { type: 'array', items: { type: 'number' } } },
      {},
      { a: [1, 'secret'] },
      'The argument "a.1" must be number.',
    ],
    [
      'an unknown argument',
      { a: {} },
      { additionalProperties: false },
      { b: 'secret' },
      'The arguments must not have "b".',
    ],
    [
      'a choice',
      { unit: { enum: ['C', 'F'] } },
      {},
      { unit: 'secret' },
      'The argument "unit" must be one of "C", "F".',
    ],
    ['a constant', { a: { const: 1 } }, {}, { a: 'secret' }, 'The argument "a" must be 1.'],
  ])('names the argument and never its value: %s', (_, properties, rest, value, reason) => {
    expect(compile(properties, rest)(value as Record<string, unknown>)).toBe(reason);
  });

  it('accepts what fits', () => {
    expect(compile({ a: { type: 'string', format: 'email' } })({ a: 'not checked as a format' })).toBeUndefined();
  });

  it('changes nothing: no defaults, no conversions', () => {
    const value = Object.freeze({ a: '2' });
    expect(compile({ a: { type: 'number' }, b: { default: 1 } })(value)).toBe('The argument "a" must be number.');
    expect(value).toEqual({ a: '2' });
  });

  it('enforces every one of several patterns', () => {
    const validate = compile({ a: { pattern: '^a+$' }, b: { pattern: '^b+$' }, c: { pattern: '^c+$' } });
    expect(validate({ a: 'aa', b: 'bb', c: 'cc' })).toBeUndefined();
    expect(validate({ a: 'aa', b: 'aa', c: 'cc' })).toContain('"b"');
    expect(validate({ a: 'aa', b: 'bb', c: 'aa' })).toContain('"c"');
  });

  it('checks a pattern that backtracks without end in linear time', () => {
    const validate = compile({ a: { pattern: '^(a+)+$' } });
    const before = performance.now();
    expect(validate({ a: `${'a'.repeat(5_000)}!` })).toContain('"a"');
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it('understands the escapes of JavaScript', () => {
    expect(compile({ a: { pattern: '^[\\u0041-\\u0043\\/]+$' } })({ a: 'A/C' })).toBeUndefined();
  });

  it('leaves a pattern with lookaround to the server, and reports it', () => {
    const skipped: string[] = [];
    const inputSchema = { type: 'object', properties: { a: { pattern: '^(?!x)' }, b: { pattern: '^b$' } } };
    const validate = compileArgumentValidator({ inputSchema }, (pattern) => skipped.push(pattern));
    expect(validate({ a: 'x', b: 'b' })).toBeUndefined();
    expect(validate({ a: 'x', b: 'c' })).toContain('"b"');
    expect(skipped).toEqual(['^(?!x)']);
  });

  it('ends a check whose references multiply', () => {
    const definitions: Record<string, object> = { d30: { type: 'string' } };
    for (let level = 0; level < 30; level += 1) {
      const next = { $ref: `#/$defs/d${level + 1}` };
      definitions[`d${level}`] = { allOf: [next, next] };
    }
    const validate = compile({ a: { $ref: '#/$defs/d0' } }, { $defs: definitions });
    const before = performance.now();
    expect(validate({ a: 'x' })).toMatch(/could not be checked/);
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(compile({ a: { type: 'string' } })({ a: 'x' })).toBeUndefined();
  });

  it.each(['pattern', 'patternProperties'])('ends a check of a %s that has thousands of states', (keyword) => {
    const pattern = `(${Array.from({ length: 20 }, (_, index) => `[ab]*a[ab]{${900 + index}}c`).join('|')})$`;
    const text = Array.from({ length: 100_000 }, (_, index) => ((index * 7919) % 13 < 6 ? 'a' : 'b')).join('');
    const a = keyword === 'pattern' ? { pattern } : { patternProperties: { [pattern]: {} } };
    const before = performance.now();
    expect(compile({ a })({ a: keyword === 'pattern' ? text : { [text]: 1 } })).toMatch(/could not be checked/);
    expect(performance.now() - before).toBeLessThan(6_000);
  });

  it('does not repeat a pattern that is as long as a definition', () => {
    expect(compile({ a: { pattern: `^${'x'.repeat(20_000)}$` } })({ a: 'y' })?.length).toBeLessThan(600);
  });

  it('ends a check that compares every item with every other', () => {
    const validate = compile({ a: { type: 'array', uniqueItems: true } });
    const a = Array.from({ length: 100_000 }, (_, index) => ({ index }));
    const before = performance.now();
    expect(validate({ a })).toMatch(/could not be checked/);
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it('ends a check that recurses without end', () => {
    const validate = compile({ a: { $ref: '#/$defs/a' } }, { $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } } });
    expect(validate({ a: 1 })).toMatch(/could not be checked/);
  });

  it('ends a compilation that takes too long', () => {
    const many = (count: number, schema: (index: number) => object): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, schema(index)]));
    const wide = many(300, () => ({ properties: many(200, (index) => ({ maxLength: index })) }));
    const before = performance.now();
    expect(() => compile(wide)).toThrow(/took more than/);
    expect(performance.now() - before).toBeLessThan(6_000);
  });

  it('reads a tuple as draft 7 does where the schema says so', () => {
    const tuple = { a: { items: [{ type: 'string' }, { type: 'number' }] } };
    expect(compile(tuple, {}, 'http://json-schema.org/draft-07/schema#')({ a: ['x', 'y'] })).toContain('"a.1"');
    expect(() => compile(tuple)).toThrow();
  });

  it('keeps schemas with the same $id apart', () => {
    const validate = compile({
      a: { $id: 'https://example.com/same', type: 'string' },
      b: { $id: 'https://example.com/same', type: 'number' },
    });
    expect(validate({ a: 'x', b: 1 })).toBeUndefined();
    expect(validate({ a: 'x', b: 'x' })).toContain('"b"');
  });

  it('is not fooled by arguments named after the prototype', () => {
    const validate = compile({ constructor: { type: 'string' } }, { additionalProperties: false });
    expect(validate(JSON.parse('{"constructor": 1}'))).toContain('"constructor"');
    expect(validate(JSON.parse('{"__proto__": 1}'))).toContain('"__proto__"');
    expect(validate({})).toBeUndefined();
  });
});
