import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolGate } from '../../src/index.ts';
import { call, open } from '../hosting.ts';
import { rawHost } from '../raw-server.ts';

const properties = {
  count: { type: 'integer' },
  ratio: { type: 'number' },
  on: { type: 'boolean' },
  word: { type: 'string' },
  list: { type: 'array', items: { type: 'integer' } },
  options: { type: 'object', properties: { depth: { type: 'integer' }, note: { type: 'string' } } },
  maybe: { type: ['string', 'null'] },
  either: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
  named: { $ref: '#/$defs/size' },
  choice: { enum: ['a', 'b'] },
};
const inputSchema = { type: 'object', properties, required: ['word'], $defs: { size: { type: 'integer' } } };

/** A server that keeps the arguments that reach it, and a gate that keeps those that it judges. */
async function watched(schema: object = inputSchema, gate: ToolGate = () => ({ allowed: true })) {
  const got: unknown[] = [];
  const judged: unknown[] = [];
  const host = await rawHost({
    a: {
      list: { tools: [{ name: 'act', inputSchema: schema }] },
      call: (_, { params }) => {
        got.push(params?.arguments);
        return { content: [] };
      },
    },
  });
  const watching: ToolGate = (asked, context) => {
    if (asked.arguments !== undefined) judged.push(structuredClone(asked.arguments));
    return gate(asked, context);
  };
  return { toolset: await open(host, 'mcp/a', watching), got, judged };
}

describe('arguments that a model wrote in another shape', () => {
  it.each<[string, object, object]>([
    ['null for what is optional', { word: 'x', count: null, options: { note: null } }, { word: 'x', options: {} }],
    ['null for what may be null', { word: 'x', maybe: null, either: null }, { word: 'x', maybe: null, either: null }],
    ['both', { word: 'x', maybe: null, count: null }, { word: 'x', maybe: null }],
    ['numbers as texts', { word: 'x', count: '5', ratio: '-1.5e3' }, { word: 'x', count: 5, ratio: -1500 }],
    ['a boolean as text', { word: 'x', on: 'true' }, { word: 'x', on: true }],
    ['a list as text', { word: 'x', list: '[1, "2"]' }, { word: 'x', list: [1, 2] }],
    ['an object as text', { word: 'x', options: '{"depth": "3"}' }, { word: 'x', options: { depth: 3 } }],
    ['behind a reference', { word: 'x', named: '7' }, { word: 'x', named: 7 }],
    ['in an alternative', { word: 'x', either: '7' }, { word: 'x', either: 7 }],
    ['a text that looks like a number', { word: '5', maybe: '7' }, { word: '5', maybe: '7' }],
  ])('are sent as the schema asks: %s', async (_, written, sent) => {
    const { toolset, got, judged } = await watched();
    expect(await call(toolset, 'act', written)).toMatchObject({ type: 'success', arguments: sent });
    expect(got).toEqual([sent]);
    expect(judged).toEqual([sent]);
  });

  it.each<[string, object, string]>([
    ['no number', { word: 'x', count: 'five' }, '"count" must be integer'],
    ['a part of a number', { word: 'x', count: '5.5' }, '"count" must be integer'],
    ['a number that would be another', { word: 'x', count: '9007199254740993' }, '"count" must be integer'],
    ['null for what is required', { word: null }, '"word" must be string'],
    ['no list', { word: 'x', list: '[1' }, '"list" must be array'],
    ['a number for a text', { word: 5 }, '"word" must be string'],
    ['no choice', { word: 'x', choice: 'c' }, '"choice" must be one of'],
  ])('are refused in words where they are %s', async (_, written, words) => {
    const { toolset, got } = await watched();
    const outcome = await call(toolset, 'act', written);
    expect(outcome).toMatchObject({ kind: 'invalid_arguments', reason: expect.stringContaining(words) });
    expect(got).toEqual([]);
  });
});

const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, '5', '1.5', 'true', '[1,"2"]', '{"depth":"3"}', 'a', '../etc', 5, true),
  fc.integer(),
  fc.string({ maxLength: 8 }),
  fc.array(fc.constantFrom(1, '2', null), { maxLength: 3 }),
  fc.record({ depth: fc.constantFrom(1, '2', null), note: fc.constantFrom('x', 3, null) }, { requiredKeys: [] }),
);
const written = fc.dictionary(fc.constantFrom(...Object.keys(properties), 'unknown', '__proto__'), value, {
  maxKeys: 6,
});
/** Schemas that are checked, that are repaired, and that cannot be checked at all. */
const schemas = fc.constantFrom<object>(
  inputSchema,
  { ...inputSchema, additionalProperties: false },
  {
    ...inputSchema,
    properties: { ...properties, count: { type: 'integer', nullable: true, minimum: 1, exclusiveMinimum: true } },
  },
  { ...inputSchema, allOf: [{ $ref: '#' }] },
  {},
);

describe('whatever a model writes, and whatever the schema', () => {
  it('the server gets exactly what the gate judged, and nothing that it refused', async () => {
    await fc.assert(
      fc.asyncProperty(schemas, fc.array(written, { minLength: 1, maxLength: 6 }), async (schema, calls) => {
        const rule: ToolGate = ({ arguments: args }) =>
          args === undefined || (typeof args.count !== 'string' && args.word !== '../etc' && args.list === undefined)
            ? { allowed: true }
            : { allowed: false, reason: 'not this' };
        const { toolset, got, judged } = await watched(schema, rule);
        for (const args of calls) {
          const [before, asked] = [got.length, judged.length];
          const outcome = await call(toolset, 'act', args);
          expect(judged).toHaveLength(asked + 1);
          const allowed = rule({ server: 'mcp/a', arguments: judged.at(-1) as Record<string, unknown> }, never);
          if (outcome.type === 'success') {
            expect(got.at(-1)).toEqual(judged.at(-1));
            expect(outcome.arguments).toEqual(judged.at(-1));
            expect(allowed).toEqual({ allowed: true });
          } else {
            expect(got).toHaveLength(before);
            expect(outcome.arguments).toEqual(judged.at(-1));
          }
        }
        await toolset.close();
      }),
      { seed: 20_261_129, numRuns: 40 },
    );
  });
});

const never = { signal: new AbortController().signal };
