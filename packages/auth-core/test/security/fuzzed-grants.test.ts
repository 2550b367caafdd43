import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attenuateToken, type Grant, InvalidGrantError } from '../../src/index.ts';
import { contexts, grants, requests } from '../authority/arbitraries.ts';
import { decide, llm, parseGrant } from '../words.ts';
import { makeEveryKind, setUpEveryKind } from './every-kind.ts';

const KEYS = ['actions', 'models', 'mcp', 'ephemeralMcp', 'networks', 'projects', 'limits', 'notBefore', 'expiresAt'];
const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, maxDepth: 2 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, '*', ['*'], { tools: {} }, { '*': { tools: { '*': {} } } }),
);
const key = fc.oneof(
  fc.constantFrom(...KEYS, '__proto__', 'constructor', 'toString', 'Actions', 'tools', 'arguments'),
  fc.string({ maxLength: 12 }),
);
/** A grant with something in it, somewhere, that may not belong there. */
const nearlyGrants = fc
  .tuple(grants, fc.array(fc.tuple(key, junk), { maxLength: 3 }), fc.boolean())
  .map(([grant, additions, json]) => {
    const document = Object.fromEntries([...Object.entries(grant), ...additions]);
    return json
      ? (JSON.parse(
          JSON.stringify(document, (_, value: unknown) => (typeof value === 'bigint' ? 1 : value)),
        ) as unknown)
      : document;
  });
const documents = fc.oneof({ weight: 4, arbitrary: nearlyGrants }, junk);

/** The grant, or undefined where it was refused as it should be. */
function read(document: unknown): Grant | undefined {
  try {
    return parseGrant(document);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidGrantError);
    return undefined;
  }
}

describe('a document that is to be a grant', () => {
  it('is read as what it says or refused, and what was read never makes a decision fail', () => {
    let taken = 0;
    let refused = 0;
    fc.assert(
      fc.property(documents, requests, contexts, (document, request, context) => {
        const grant = read(document);
        if (grant === undefined) {
          refused++;
          return;
        }
        taken++;
        expect(Object.keys(grant).filter((name) => !KEYS.includes(name))).toEqual([]);
        expect(parseGrant(grant)).toEqual(grant);
        const decision = decide([{ grant, source: 'fuzzed' }], request, context);
        if (decision.allowed)
          expect(grant.actions.some((action) => action === '*' || action === request.action)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
    expect(Math.min(taken, refused)).toBeGreaterThan(1000);
  }, 60_000);

  it('never reaches the store when it is refused, whatever it was for', async () => {
    const installation = setUpEveryKind();
    const { auth, operator, access, calls } = installation;
    const tokens = await makeEveryKind(installation);
    const by = await auth.verify(tokens['api-key']);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(documents, async (document) => {
        if (document === undefined || read(document) !== undefined) return;
        const grant = document as Grant;
        refused++;
        calls.length = 0;
        for (const act of [
          () => auth.issue({ name: 'new', grant }, operator),
          () => attenuateToken(llm, tokens['api-key'], grant),
          () => access.issue(by, { grant }),
          () => auth.exchange({ grant }, by),
        ]) {
          await expect(act()).rejects.toBeInstanceOf(InvalidGrantError);
        }
        expect(calls).toEqual([]);
      }),
      { numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(1000);
  }, 60_000);
});
