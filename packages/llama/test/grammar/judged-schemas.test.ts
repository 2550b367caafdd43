import type { LoadedModel } from '@latchkey/engine';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GrammarRules } from '../../src/grammar/grammar-rules.ts';
import { addPossible } from '../../src/grammar/schema-to-grammar.ts';
import { asking, collect, finishOf, loadNano, messageOf, NEVER, newEngine } from '../nano.ts';
import { KEPT, UNKEPT } from './schemas.ts';

const SAMPLES = 6;
const engine = newEngine();
let model: LoadedModel;
beforeAll(async () => {
  model = await loadNano(engine, { contextLength: 2048, parallel: SAMPLES });
});
afterAll(() => engine[Symbol.asyncDispose]());

/** The judge: everything counts, formats too. A list in `items` is the older spelling of `prefixItems`. */
function compile({ items, additionalItems, ...schema }: Record<string, unknown>): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: false, logger: false });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  if (Array.isArray(items)) return ajv.compile({ ...schema, prefixItems: items, items: additionalItems ?? true });
  return ajv.compile(items === undefined ? schema : { ...schema, items });
}

const unkeptIn = (schema: Readonly<Record<string, unknown>>): readonly string[] => {
  const rules = new GrammarRules(4000);
  addPossible(rules, schema);
  return rules.unkept;
};

/** Six answers at temperature 1. */
const answersTo = (schema: Readonly<Record<string, unknown>>) =>
  Promise.all(
    Array.from({ length: SAMPLES }, async (_, seed) => {
      const request = { responseSchema: schema, responseSchemaIsStrict: true as const, maxOutputTokens: 160 };
      const events = await collect(
        model.generate(asking('Give me JSON.', { ...request, sampling: { temperature: 1, seed } }), NEVER),
      );
      return { text: messageOf(events), isWhole: finishOf(events).reason === 'stop' };
    }),
  );

describe('a strict schema', () => {
  it('is one of at least 120', () => {
    expect(KEPT.length + UNKEPT.length).toBeGreaterThanOrEqual(120);
  });

  it.each(KEPT.map((schema) => [JSON.stringify(schema), schema] as const))(
    'is kept by every answer that ends: %s',
    async (_, schema) => {
      const validate = compile(schema);
      if (unkeptIn(schema).length > 0 || impossible(schema)) {
        await expect(answersTo(schema)).rejects.toMatchObject({ code: 'INVALID_REQUEST', field: 'responseSchema' });
        return;
      }
      for (const { text, isWhole } of await answersTo(schema)) {
        if (!isWhole) continue;
        expect(validate(JSON.parse(text)), `${text}: ${JSON.stringify(validate.errors)}`).toBe(true);
      }
    },
    60_000,
  );

  it('is held by the grammar for nearly all of them', () => {
    const left = KEPT.filter((schema) => unkeptIn(schema).length > 0).map((schema) => [schema, unkeptIn(schema)]);
    expect(left).toEqual([[KEPT.find((schema) => JSON.stringify(schema).includes('"minLength":300')), ['minLength']]]);
  });

  it.each(UNKEPT)(
    'is refused by the name of its keyword before anything is generated: %s %j',
    async (keyword, schema) => {
      await expect(answersTo(schema)).rejects.toMatchObject({
        ...{ code: 'INVALID_REQUEST', field: 'responseSchema' },
        message: expect.stringContaining(`The keyword '${keyword}' of the schema`),
      });
    },
  );

  it.each([
    [false],
    [{ enum: [] }],
    [{ type: 'integer', minimum: 3, maximum: 2 }],
    [{ allOf: [{ const: 1 }, { const: 2 }] }],
    [{ type: 'string', minLength: 2, maxLength: 1 }],
  ])('that nothing follows is refused, strict or not: %j', async (inner) => {
    const schema = { type: 'object', properties: { v: inner }, required: ['v'] };
    const request = asking('Give me JSON.', { responseSchema: schema });
    await expect(collect(model.generate(request, NEVER))).rejects.toMatchObject({
      ...{ code: 'INVALID_REQUEST', message: 'No value follows the schema of the answer.' },
    });
  });
});

const impossible = (schema: Readonly<Record<string, unknown>>): boolean =>
  addPossible(new GrammarRules(4000), schema) === undefined;
