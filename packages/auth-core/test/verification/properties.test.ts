import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AuthError,
  attenuateToken,
  createAttenuatedFormat,
  createCustomKeyFormat,
  createLegacyFormat,
  type Grant,
  type IssuedToken,
  PermissionDeniedError,
} from '../../src/index.ts';
import { toBase64url } from '../../src/token/base64url.ts';
import { contexts, grants, requests } from '../authority/arbitraries.ts';
import { decide, llm, parseGrant } from '../words.ts';
import { setUpVerification } from './verified-auth.ts';

/** Ends that have passed refuse a token as a whole; here what remains is looked at. */
const lasting = grants.map(({ expiresAt: _, ...grant }): Grant => grant);
const caveatLists = fc.array(lasting, { minLength: 1, maxLength: 3 });
const trials = fc.array(fc.tuple(requests, contexts), { minLength: 5, maxLength: 5 });

async function attenuate(token: string, caveats: readonly Grant[]): Promise<string> {
  let text = token;
  for (const caveat of caveats) text = await attenuateToken(llm, text, caveat);
  return text;
}

describe('whatever the grants', () => {
  it('what is attenuated may do what its parent and each caveat allow, and nothing else', async () => {
    const { auth, changeElsewhere, record, token, clock } = await setUpVerification();
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(lasting, caveatLists, trials, async (grant, caveats, list) => {
        await changeElsewhere(record.id, { grant });
        clock.advance(1000);
        const parent = await auth.verify(token);
        const narrower = await auth.verify(await attenuate(token, caveats));
        for (const [request, context] of list) {
          const expected =
            decide(parent.authority, request, context).allowed &&
            caveats.every((caveat) => decide([{ grant: caveat, source: 'caveat' }], request, context).allowed);
          expect(decide(narrower.authority, request, context).allowed).toBe(expected);
          if (expected) allowed++;
        }
      }),
      { numRuns: 500 },
    );
    // The property would hold for a server that always says no.
    expect(allowed).toBeGreaterThan(20);
  });

  it('the order of caveats decides nothing but what the token looks like', async () => {
    const { auth, token } = await setUpVerification();
    await fc.assert(
      fc.asyncProperty(caveatLists, trials, async (caveats, list) => {
        const there = await auth.verify(await attenuate(token, caveats));
        const back = await auth.verify(await attenuate(token, caveats.toReversed()));
        for (const [request, context] of list) {
          expect(decide(back.authority, request, context).allowed).toBe(
            decide(there.authority, request, context).allowed,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a key that was exchanged may do no more than what it was exchanged for', async () => {
    const { auth, token } = await setUpVerification();
    await fc.assert(
      fc.asyncProperty(lasting, lasting, trials, async (caveat, grant, list) => {
        const by = await auth.verify(await attenuateToken(llm, token, { ...caveat, projects: ['*'] }));
        const made = await auth.exchange({ grant }, by).catch((error: unknown) => error);
        // Before its time it makes nothing.
        if (made instanceof PermissionDeniedError) return;
        const { token: text, record } = made as IssuedToken;
        const exchanged = await auth.verify(text);
        for (const [request, context] of list) {
          if (!decide(exchanged.authority, request, context).allowed) continue;
          expect(decide(by.authority, request, context)).toMatchObject({ allowed: true });
          expect(decide([{ grant: parseGrant(grant), source: 'own' }], request, context).allowed).toBe(true);
        }
        await auth.revoke(record.id, auth.operator());
      }),
      { numRuns: 200 },
    );
  });

  it('caveats that are taken away, exchanged or repeated prove nothing', async () => {
    const { auth, token } = await setUpVerification();
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(lasting, { minLength: 2, maxLength: 4, selector: (grant) => JSON.stringify(grant) }),
        fc.nat(),
        fc.nat(),
        fc.constantFrom('take', 'swap', 'repeat'),
        async (caveats, first, second, act) => {
          const parts = (await attenuate(token, caveats)).split('.');
          const [from, to] = [1 + (first % caveats.length), 1 + (second % caveats.length)];
          const changed =
            act === 'take'
              ? parts.toSpliced(from, 1)
              : act === 'repeat'
                ? parts.toSpliced(to, 0, parts[from] ?? '')
                : parts.with(from, parts[to] ?? '').with(to, parts[from] ?? '');
          fc.pre(changed.join('.') !== parts.join('.'));
          await expect(auth.verify(changed.join('.'))).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('whatever the text', () => {
  const base64url = fc.uint8Array({ maxLength: 40 }).map(toBase64url);
  const json = fc.json().map((text) => toBase64url(new TextEncoder().encode(text)));
  const nearly = fc
    .tuple(
      fc.constantFrom('lka_', 'lka_AAAAAAAA.', 'lka_custom-', `lka_custom-${'0'.repeat(64)}.`, 'eyJ', 'sk-lm-'),
      fc.array(fc.oneof(base64url, json, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 4 }),
      fc.constantFrom('', '.', `.${'0'.repeat(64)}`, `.${'f'.repeat(63)}`),
    )
    .map(([prefix, parts, end]) => `${prefix}${parts.join('.')}${end}`);
  const texts = fc.oneof(nearly, fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9a-f]{38,42}$/));

  it('reading it never throws', () => {
    const derived = createAttenuatedFormat(llm);
    const stored = [createCustomKeyFormat(llm), createLegacyFormat()];
    fc.assert(
      fc.property(texts, (text) => {
        expect(typeof derived.matches(text)).toBe('boolean');
        for (const format of stored) format.parse(text);
      }),
      { numRuns: 10_000 },
    );
  });

  it('verifying it lets nobody in, and asks the store only about what has the shape of a token', async () => {
    const { auth, calls } = await setUpVerification();
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        calls.length = 0;
        const outcome = await auth.verify(text).catch((error) => error);
        expect(outcome).toBeInstanceOf(AuthError);
        if (outcome.code === 'AUTH_TOKEN_UNKNOWN') expect(calls).toEqual(['find', 'find']);
        else expect(calls).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });
});
