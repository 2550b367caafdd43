import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AccessRequest, AuthError, type DecisionContext, type Grant } from '../../src/index.ts';
import { contexts, grants, requests } from '../authority/arbitraries.ts';
import { decide, llm } from '../words.ts';
import { createAccessBench, ELSEWHERE, ISSUER } from './access-bench.ts';

const makers = fc.array(grants, { minLength: 1, maxLength: 3 });

describe('whatever the authority, the grant and the request', () => {
  it('an access token may do, here and elsewhere, exactly what its maker and the grant both allow', async () => {
    const { accessTokens, auth, clock, verifier } = await createAccessBench();
    const { token: text } = await auth.issue({ name: 'maker', grant: { actions: ['*'] } }, auth.operator());
    const base = await auth.verify(text);
    const counts = { allowed: 0, denied: 0 };

    await fc.assert(
      fc.asyncProperty(
        makers,
        fc.option(grants, { nil: undefined }),
        fc.array(fc.tuple(requests, contexts), { minLength: 1, maxLength: 10 }),
        async (authority, grant, questions) => {
          const entries = authority.map((own, index) => ({ grant: own, source: `grant ${index}`, id: `A${index}` }));
          const maker = { ...base, authority: entries };
          const input = { audience: [ISSUER, ELSEWHERE], ...(grant && { grant }) };
          const { token } = await accessTokens.issue(maker, input).catch(refuseTooLong);
          if (token === undefined) return;
          const elsewhere = await verifier.verify(token);
          const proof = {
            now: clock(),
            vocabulary: llm,
            idOfCommitment: async () => '',
            attenuationKeysOf: async () => [],
          };
          const here = await accessTokens.format.prove(token, proof);
          for (const [request, context] of questions) {
            const expected =
              allows(authority, request, context) && (grant === undefined || allows([grant], request, context));
            counts[expected ? 'allowed' : 'denied']++;
            expect(decide(elsewhere.authority, request, context).allowed).toBe(expected);
            expect(decide(here.entries, request, context).allowed).toBe(expected);
          }
        },
      ),
      { numRuns: 400 },
    );
    expect(counts.allowed).toBeGreaterThan(50);
    expect(counts.denied).toBeGreaterThan(50);
  });

  it('a chain of access tokens never widens, on the server with the token behind it', async () => {
    const { accessTokens, auth, clock } = await createAccessBench();
    await fc.assert(
      fc.asyncProperty(
        grants,
        fc.array(grants, { minLength: 1, maxLength: 3 }),
        fc.array(requests, { minLength: 1, maxLength: 10 }),
        async (grant, narrowing, questions) => {
          const { token } = await auth.issue({ name: 'root', grant }, auth.operator());
          const chain = [await auth.verify(token)];
          for (const further of narrowing) {
            const by = chain.at(-1) as (typeof chain)[number];
            const issued = await accessTokens.issue(by, { grant: further }).catch(refuseTooLong);
            if (issued.token === undefined) return;
            chain.push(await auth.verify(issued.token));
          }
          const context: DecisionContext = { now: clock(), address: '10.0.0.1' };
          for (const request of questions) {
            const answers = chain.map(({ authority }) => decide(authority, request, context).allowed);
            // Once denied, always denied.
            expect(answers).toEqual(answers.toSorted((left, right) => Number(right) - Number(left)));
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

function allows(list: readonly Grant[], request: AccessRequest, context: DecisionContext): boolean {
  return list.every((grant) => decide([{ grant, source: 'alone' }], request, context).allowed);
}

/** What is too much for a header is no token at all. */
function refuseTooLong(error: unknown): { token: undefined } {
  if (error instanceof AuthError && error.code === 'AUTH_GRANT_INVALID') return { token: undefined };
  throw error;
}
