import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GrammarRules } from '../../src/grammar/grammar-rules.ts';
import { addSchema, schemaToGrammar } from '../../src/grammar/schema-to-grammar.ts';
import { createGrammarJudge, type GrammarJudge } from './accepts.ts';

let judge: GrammarJudge;

beforeAll(async () => {
  judge = await createGrammarJudge();
});
afterAll(() => judge.close());

function accepts(schema: Record<string, unknown>, value: unknown): boolean {
  return judge.accepts(schemaToGrammar(schema), JSON.stringify(value));
}

const PERSON = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer' },
    email: { type: 'string' },
    admin: { type: 'boolean' },
  },
  required: ['name', 'admin'],
};
const TREE = {
  $ref: '#/$defs/node',
  $defs: {
    node: {
      type: 'object',
      properties: { value: { type: 'number' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
      required: ['value'],
    },
  },
};

describe('a grammar of a schema', () => {
  it.each<[string, Record<string, unknown>, readonly unknown[], readonly unknown[]]>([
    ['string', { type: 'string' }, ['', 'a "quoted" \\ line\n', 'é😀'], [1, null, ['a']]],
    ['integer', { type: 'integer' }, [0, -5, 1234567890123456], [1.5, '1', true]],
    ['number', { type: 'number' }, [0, -1.5, 1e21, 1e-7], ['1', null]],
    ['boolean', { type: 'boolean' }, [true, false], ['true', 0, null]],
    ['null', { type: 'null' }, [null], [0, 'null', false]],
    ['several types', { type: ['string', 'null'] }, ['a', null], [1]],
    ['anything', {}, [1, 'a', null, [], {}, { a: [{ b: null }] }], []],
    ['any object', { type: 'object' }, [{}, { a: 1, b: { c: [] } }], [[], 'a']],
    ['any array', { type: 'array' }, [[], [1, 'a', {}]], [{}, 1]],
    ['enum', { enum: ['a', 1, null, { b: [] }] }, ['a', 1, null, { b: [] }], ['b', 2]],
    ['const', { const: 'only "this"' }, ['only "this"'], ['that']],
    ['anyOf', { anyOf: [{ type: 'string' }, { type: 'null' }] }, ['a', null], [1]],
    ['oneOf', { oneOf: [{ const: 1 }, { const: 'one' }] }, [1, 'one'], [2]],
    [
      'anyOf beside properties',
      {
        type: 'object',
        properties: { a: { type: 'integer' }, b: { type: 'integer' } },
        anyOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      [{ a: 1 }, { b: 1 }, { a: 1, b: 2 }],
      [{}, { a: 'x' }],
    ],
    [
      'allOf',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
          { properties: { b: { type: 'string' } }, required: ['b'] },
        ],
      },
      [{ a: 1, b: 'x' }],
      [{ a: 1 }, { b: 'x' }, { a: 'x', b: 'x' }],
    ],
    [
      'allOf with one reference',
      { allOf: [{ $ref: '#/definitions/id' }], definitions: { id: { type: 'integer' } } },
      [1],
      ['a'],
    ],
    [
      'properties',
      PERSON,
      [
        { name: 'Mei', admin: true },
        { name: 'Mei', age: 3, admin: true },
        { name: 'Mei', age: 3, email: 'x', admin: false },
        { name: 'Mei', email: 'x', admin: false },
      ],
      [{}, { name: 'Mei' }, { name: 1, admin: true }, { name: 'Mei', admin: true, other: 1 }],
    ],
    [
      'optional properties only',
      { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' }, c: { type: 'integer' } } },
      [{}, { a: 1 }, { b: 1 }, { c: 1 }, { a: 1, c: 1 }, { a: 1, b: 1, c: 1 }],
      [{ d: 1 }, { a: 'x' }],
    ],
    ['no properties', { type: 'object', properties: {} }, [{}], [{ a: 1 }]],
    ['a required property without a schema', { type: 'object', properties: {}, required: ['x'] }, [{ x: [1] }], [{}]],
    [
      'additional properties',
      { type: 'object', additionalProperties: { type: 'integer' } },
      [{}, { a: 1, b: 2 }],
      [{ a: 'x' }],
    ],
    [
      'properties and additional ones',
      {
        type: 'object',
        properties: { id: { type: 'integer' } },
        required: ['id'],
        additionalProperties: { type: 'string' },
      },
      [{ id: 1 }, { id: 1, i: 'x', idx: 'y' }],
      [{ a: 'x' }, { id: 1, a: 2 }],
    ],
    ['items', { type: 'array', items: { type: 'integer' } }, [[], [1], [1, 2, 3]], [['a'], [1, 'a']]],
    [
      'counted items',
      { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 3 },
      [[1], [1, 2, 3]],
      [[], [1, 2, 3, 4]],
    ],
    ['no items', { type: 'array', maxItems: 0 }, [[]], [[1]]],
    [
      'items at places',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false },
      [[], ['a'], ['a', 1]],
      [[1], ['a', 1, 2]],
    ],
    [
      'all of the items at places',
      { type: 'array', prefixItems: [{ const: 'a' }, { type: 'null' }], minItems: 2, maxItems: 2 },
      [['a', null]],
      [['a'], [], ['a', null, 1]],
    ],
    [
      'items at places and then others',
      { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'integer' }, minItems: 2 },
      [
        ['a', 1],
        ['a', 1, 2],
      ],
      [['a'], [1, 1], ['a', 'b']],
    ],
    ['lengths', { type: 'string', minLength: 2, maxLength: 3 }, ['ab', 'abc', '😀é'], ['a', 'abcd']],
    ['a length of nothing', { type: 'string', maxLength: 0 }, [''], ['a']],
    ['a length beyond counting', { type: 'string', minLength: 1, maxLength: 100_000 }, ['a', 'x'.repeat(1000)], ['']],
    ['date', { type: 'string', format: 'date' }, ['2026-02-28'], ['2026-13-01', 'today', '']],
    ['time', { type: 'string', format: 'time' }, ['12:34:56Z', '12:34:56.789+02:00'], ['25:00:00Z', '12:34']],
    ['date-time', { type: 'string', format: 'date-time' }, ['2026-02-28T12:34:56Z'], ['2026-02-28']],
    ['uuid', { type: 'string', format: 'uuid' }, ['0f8fad5b-d9cb-469f-a165-70867728950e'], ['0f8fad5b']],
    ['an unknown format', { type: 'string', format: 'colour' }, ['red', ''], [1]],
    [
      'a reference',
      TREE,
      [{ value: 1 }, { value: 1, children: [{ value: 2, children: [] }] }],
      [{}, { value: 1, children: [{}] }],
    ],
    [
      'a reference to itself',
      { type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, required: ['next'] },
      [{ next: null }, { next: { next: null } }],
      [{}, { next: 1 }],
    ],
    [
      'a reference that goes in a circle',
      { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
      ['anything'],
      [],
    ],
    ['a choice that may be itself', { anyOf: [{ $ref: '#' }, { type: 'string' }] }, ['a'], [1]],
    ['a reference to nowhere', { $ref: 'https://example.com/schema' }, [1, {}], []],
    [
      'a property that is impossible',
      { type: 'object', properties: { a: false, b: true } },
      [{}, { b: 1 }],
      [{ a: 1 }],
    ],
    [
      'names with quotes and line breaks',
      { type: 'object', properties: { 'a"\\\n': { type: 'null' } }, required: ['a"\\\n'] },
      [{ 'a"\\\n': null }],
      [{ a: null }],
    ],
    [
      'a type that follows from other words',
      { properties: { a: { type: 'integer' } }, required: ['a'] },
      [{ a: 1 }],
      [{}, 'a'],
    ],
  ])('allows what it allows: %s', (_name, schema, valid, invalid) => {
    for (const value of valid) expect(accepts(schema, value), JSON.stringify(value)).toBe(true);
    for (const value of invalid) expect(accepts(schema, value), JSON.stringify(value)).toBe(false);
  });

  it('allows indented JSON as well', () => {
    expect(judge.accepts(schemaToGrammar(PERSON), JSON.stringify({ name: 'Mei', admin: true }, null, 2))).toBe(true);
  });

  it('never allows what is not JSON', () => {
    const texts = ['"a\nb"', '"\\x"', '01', '{"a": 1,}', '[1,]', '{a: 1}', "'a'", '"a', 'tru', '+1', '.5', '"\\ud8"'];
    for (const text of texts) expect(judge.accepts(schemaToGrammar({}), text), text).toBe(false);
  });
});

describe('a schema that is too large', () => {
  const nested = (depth: number): Record<string, unknown> =>
    depth === 0 ? { type: 'string' } : { type: 'object', properties: { a: nested(depth - 1) }, required: ['a'] };

  it.each([
    ['deep', nested(200), { anything: 1 }, []],
    [
      'wide',
      {
        type: 'object',
        properties: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}`, { enum: [i] }])),
      },
      { x: 1 },
      'a',
    ],
    ['of a huge enumeration', { enum: Array.from({ length: 5000 }, (_, index) => index) }, 'anything', undefined],
  ])('is held to its type only: %s', (_name, schema, valid, invalid) => {
    expect(accepts(schema, valid)).toBe(true);
    if (invalid !== undefined) expect(accepts(schema, invalid)).toBe(false);
  });

  /** Each level names the one below twice, beside something that restricts. */
  const doubling = (levels: number, union: string, beside: object): Record<string, unknown> => ({
    $defs: Object.fromEntries(
      Array.from({ length: levels }, (_, level) => {
        const below = { $ref: `#/$defs/a${level - 1}` };
        return [`a${level}`, level === 0 ? { type: 'boolean' } : { ...beside, [union]: [below, below] }];
      }),
    ),
    $ref: `#/$defs/a${levels - 1}`,
  });

  it.each([
    ['anyOf', { minLength: 0 }],
    ['oneOf', { type: ['boolean', 'string'] }],
    ['anyOf', { enum: [true, false] }],
  ])('is worked out once for what comes out equal: 40 levels of two in %s beside %j', (union, beside) => {
    expect(accepts(doubling(40, union, beside), true)).toBe(true);
    expect(accepts(doubling(40, union, beside), 7)).toBe(false);
  });

  it('ends after a stated number of steps, whatever it asks for', () => {
    // Each merge makes another schema, so that nothing comes out equal.
    const different = (level: number): Record<string, unknown> =>
      level === 0
        ? { type: 'object' }
        : {
            anyOf: [
              { required: [`l${level}`], ...different(level - 1) },
              { required: [`r${level}`], ...different(level - 1) },
            ],
          };
    const spread = {
      allOf: Array.from({ length: 10 }, (_, index) => ({ properties: { [`p${index}`]: different(10) } })),
    };
    const rules = new GrammarRules(Number.POSITIVE_INFINITY);
    expect(() => addSchema(rules, { ...spread, anyOf: [spread, different(12)], type: 'object' })).toThrow(
      /more than 100000 steps/,
    );
  });

  it('is turned into a grammar in little time, however it refers to itself', () => {
    const definitions = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `d${index}`,
        {
          type: 'object',
          properties: Object.fromEntries(
            Array.from({ length: 12 }, (_, other) => [`p${other}`, { $ref: `#/$defs/d${other}` }]),
          ),
        },
      ]),
    );
    const schema = { $ref: '#/$defs/d0', $defs: definitions };
    expect(accepts(schema, { p1: { p2: {} } })).toBe(true);
  });
});

/** JavaScript puts keys that look like numbers first, and has its own idea of `__proto__`. */
function keepsItsPlace(key: string): boolean {
  return !/^\d+$/.test(key) && key !== '__proto__';
}

/** A schema of the subset together with values that follow it. */
interface Sample {
  readonly schema: Record<string, unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.constant({ schema: { type: 'string' }, values: fc.string({ unit: 'binary' }) }),
  fc.constant({ schema: { type: 'integer' }, values: fc.maxSafeInteger() }),
  fc.constant({ schema: { type: 'number' }, values: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
  fc.constant({ schema: { type: 'boolean' }, values: fc.boolean() }),
  fc.constant({ schema: { type: 'null' }, values: fc.constant(null) }),
  fc.constant({ schema: {}, values: fc.jsonValue() }),
  fc.constant({ schema: { type: 'string', format: 'uuid' }, values: fc.uuid() }),
  fc.constant({ schema: { type: 'string', minLength: 1, maxLength: 5 }, values: fc.stringMatching(/^[a-z"\\]{1,5}$/) }),
  fc
    .array(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, maxLength: 4 })
    .map((values) => ({ schema: { enum: values }, values: fc.constantFrom(...values) })),
);

const sample: fc.Arbitrary<Sample> = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('sample').map(({ schema, values }) => ({
      schema: { type: 'array', items: schema },
      values: fc.array(values, { maxLength: 4 }),
    })),
    fc.array(tie('sample'), { minLength: 1, maxLength: 3 }).map((parts) => ({
      schema: { anyOf: parts.map((part) => part.schema) },
      values: fc.oneof(...parts.map((part) => part.values)),
    })),
    fc
      .tuple(
        fc.uniqueArray(fc.string({ minLength: 1 }).filter(keepsItsPlace), { maxLength: 4 }),
        fc.array(tie('sample'), { minLength: 4, maxLength: 4 }),
        fc.nat({ max: 4 }),
      )
      .map(([keys, parts, requiredCount]) => {
        const members = keys.map((key, index) => [key, parts[index]!] as const);
        const required = keys.slice(0, requiredCount);
        return {
          schema: {
            type: 'object',
            properties: Object.fromEntries(members.map(([key, part]) => [key, part.schema])),
            required,
          },
          // The grammar has one order: that of the schema.
          values: fc
            .record(Object.fromEntries(members.map(([key, part]) => [key, part.values])), { requiredKeys: required })
            .map((value) => {
              const order = Object.keys(Object.fromEntries(members));
              return Object.fromEntries(
                order.filter((key) => Object.hasOwn(value, key)).map((key) => [key, value[key]]),
              );
            }),
        };
      }),
  ),
})).sample;

describe('any schema of the subset', () => {
  it('gets a grammar that accepts the JSON of every value that follows it', () => {
    fc.assert(
      fc.property(
        sample.chain(({ schema, values }) => fc.tuple(fc.constant(schema), values)),
        ([schema, value]) => {
          expect(accepts(schema, value)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
