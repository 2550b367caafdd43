import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthError, createAuth } from '../../src/index.ts';
import { createCountingStore } from '../counting-store.ts';

const nearlyAToken = fc
  .tuple(
    fc.constantFrom('sk-lm-', 'sk-LM-', 'sk-', '', 'Bearer sk-lm-'),
    fc.string({ unit: 'grapheme-ascii', minLength: 7, maxLength: 9 }),
    fc.constantFrom(':', '', '::', ';', '.'),
    fc.string({ unit: 'binary', minLength: 19, maxLength: 21 }),
  )
  .map((parts) => parts.join(''));

describe('a text that is no token', () => {
  it('never reaches the store, never crashes, and never lets anybody in', async () => {
    const { store, calls } = createCountingStore();
    const auth = createAuth({ store, digestKey: new Uint8Array(32) });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.string(), nearlyAToken), async (text) => {
        fc.pre(!/^sk-lm-[A-Za-z0-9]{8}:[A-Za-z0-9]{20}$/.test(text));
        const outcome = await auth.verify(text).catch((error) => error);
        expect(outcome).toBeInstanceOf(AuthError);
        expect(outcome.code).toBe(text === '' ? 'AUTH_TOKEN_MISSING' : 'AUTH_TOKEN_MALFORMED');
      }),
      { numRuns: 20_000 },
    );
    expect(calls).toEqual([]);
  });
});
