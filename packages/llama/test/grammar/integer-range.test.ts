import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaToGrammar } from '../../src/grammar/schema-to-grammar.ts';
import { createGrammarJudge, type GrammarJudge } from './accepts.ts';

let judge: GrammarJudge;

beforeAll(async () => {
  judge = await createGrammarJudge();
});
afterAll(() => judge.close());

const accepts = (schema: Record<string, unknown>, text: string): boolean =>
  judge.accepts(schemaToGrammar({ type: 'integer', ...schema }), text);

const bound = fc.oneof(fc.integer({ min: -1200, max: 1200 }), fc.maxSafeInteger(), fc.constant(undefined));
/** Near the bounds, where it matters, and anywhere. */
const near = (...limits: (number | undefined)[]): fc.Arbitrary<number> =>
  fc.oneof(
    fc.maxSafeInteger().filter((value) => Math.abs(value) < 1e15),
    fc.integer({ min: -1300, max: 1300 }),
    ...limits.flatMap((limit) =>
      limit === undefined || Math.abs(limit) > 1e14 ? [] : [fc.integer({ min: limit - 2, max: limit + 2 })],
    ),
  );

describe('a grammar of an integer with bounds', () => {
  it('accepts exactly the integers within them', () => {
    const cases = fc
      .tuple(bound, bound)
      .chain(([minimum, maximum]) =>
        fc.record({ minimum: fc.constant(minimum), maximum: fc.constant(maximum), value: near(minimum, maximum) }),
      );
    fc.assert(
      fc.property(cases, ({ minimum, maximum, value }) => {
        if (minimum !== undefined && maximum !== undefined) fc.pre(minimum <= maximum);
        const within = value >= (minimum ?? Number.NEGATIVE_INFINITY) && value <= (maximum ?? Number.POSITIVE_INFINITY);
        const schema = { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
        expect(accepts(schema, JSON.stringify(value)), `${value} in ${JSON.stringify(schema)}`).toBe(within);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [{ exclusiveMinimum: 3, exclusiveMaximum: 5 }, ['4'], ['3', '5']],
    [{ minimum: 2.5, maximum: 4.5 }, ['3', '4'], ['2', '5']],
    [{ minimum: 0, maximum: 0 }, ['0'], ['-0', '1', '-1']],
    [{ minimum: 7, maximum: 123 }, ['7', '10', '99', '123'], ['6', '124', '007', '1230']],
    [{ minimum: 3, exclusiveMinimum: 10 }, ['11'], ['3', '10']],
  ])('holds %o', (schema, inside, outside) => {
    for (const text of inside) expect(accepts(schema, text), text).toBe(true);
    for (const text of outside) expect(accepts(schema, text), text).toBe(false);
  });
});
