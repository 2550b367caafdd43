import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSealer } from '../../src/index.ts';
import {
  type AccessTokenVerifierOptions,
  createAccessTokens,
  createAccessTokenVerifier,
  createMemorySigningKeyStore,
  createSigningKeys,
} from '../../src/jwt/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { setUpEveryKind } from '../security/every-kind.ts';
import { llm } from '../words.ts';

const issuer = 'https://latchkey.example';
const audience = 'https://reports.example';
const MINUTE = 60_000;

/** An issuer whose keys are served, and a verifier of another server with the same clock. */
async function setUp(options: Partial<AccessTokenVerifierOptions> = {}) {
  const { auth, operator } = setUpEveryKind();
  const clock = fixedClock();
  const keys = createSigningKeys({
    store: createMemorySigningKeyStore(),
    sealer: createSealer(new Uint8Array(32).fill(7)),
    clock,
  });
  const tokens = createAccessTokens({ vocabulary: llm, keys, issuer, clock });
  const { token } = await auth.issue({ name: 'ci', grant: { actions: ['chat'], models: ['*'] } }, operator);
  const caller = await auth.verify(token);
  const state = { isAway: false, fetches: 0 };
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
    state.fetches += 1;
    if (state.isAway) throw new TypeError('fetch failed');
    return Response.json(await keys.jwks());
  });
  const verifier = createAccessTokenVerifier({
    vocabulary: llm,
    jwks: new URL('https://latchkey.example/.well-known/jwks.json'),
    issuer,
    audience,
    clock,
    ...options,
  });
  const issue = async () => (await tokens.issue(caller, { audience })).token;
  return { clock, keys, operator, issue, verifier, state };
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the keys of an issuer at a URL', () => {
  beforeEach(() => void vi.restoreAllMocks());
  afterEach(() => void vi.restoreAllMocks());

  it('are fetched once for all that wait for them, and kept', async () => {
    const { issue, verifier, state, clock } = await setUp();
    const token = await issue();
    await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
    clock.advance(MINUTE - 1);
    await verifier.verify(token);
    expect(state.fetches).toBe(1);
  });

  it('a key that the issuer has dropped is accepted no longer than they are kept', async () => {
    const { issue, verifier, keys, operator, clock } = await setUp();
    const token = await issue();
    await verifier.verify(token);
    await keys.rotate({ compromised: true }, operator);
    clock.advance(MINUTE - 1);
    await verifier.verify(token);
    clock.advance(1);
    await expect(verifier.verify(token)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it('a shorter time can be chosen', async () => {
    const { issue, verifier, keys, operator, clock } = await setUp({ keys: { cacheMilliseconds: 1000 } });
    const token = await issue();
    await verifier.verify(token);
    await keys.rotate({ compromised: true }, operator);
    clock.advance(1000);
    await expect(verifier.verify(token)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it('a new key is found after the cooldown, and unknown ones cause no load', async () => {
    const { issue, verifier, keys, operator, clock, state } = await setUp();
    await verifier.verify(await issue());
    await keys.rotate({ compromised: true }, operator);
    const next = await issue();
    for (let attempt = 0; attempt < 10; attempt++) {
      await expect(verifier.verify(next)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
    }
    expect(state.fetches).toBe(1);
    clock.advance(5000);
    await verifier.verify(next);
    expect(state.fetches).toBe(2);
  });

  it('good tokens are accepted while the issuer is away, for the stated time', async () => {
    const { verifier, state, clock, issue, keys, operator } = await setUp({ keys: { staleMilliseconds: 3 * MINUTE } });
    const token = await issue();
    await verifier.verify(token);
    state.isAway = true;
    clock.advance(2 * MINUTE);
    await verifier.verify(token);
    await verifier.verify(token);
    expect(state.fetches).toBe(2);
    await keys.rotate({ compromised: true }, operator);
    const unknown = await issue();
    clock.advance(5000);
    await expect(verifier.verify(unknown)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
    clock.advance(MINUTE);
    await expect(verifier.verify(token)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
  });

  it.each([
    ['an error', () => new Response('', { status: 500 })],
    ['no set of keys', () => Response.json({ keys: 'none' })],
    ['no JSON', () => new Response('<html>')],
  ])('an issuer that answers with %s is no refusal of the token', async (_, answer) => {
    const { verifier, issue } = await setUp();
    const token = await issue();
    vi.spyOn(globalThis, 'fetch').mockImplementation(async () => answer());
    await expect(verifier.verify(token)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
  });

  it('are fetched again when the clock was set back', async () => {
    const { verifier, issue, state, clock } = await setUp();
    const token = await issue();
    await verifier.verify(token);
    clock.advance(-1);
    await verifier.verify(token).catch(() => undefined);
    expect(state.fetches).toBe(2);
  });

  it('clocks may differ as far as the options say, and no further', async () => {
    const tolerant = await setUp({ clockToleranceMilliseconds: 30_000 });
    const token = await tolerant.issue();
    tolerant.clock.advance(300_000 + 29_000);
    await tolerant.verifier.verify(token);
    tolerant.clock.advance(2_000);
    await expect(tolerant.verifier.verify(token)).rejects.toThrow(code('AUTH_TOKEN_EXPIRED'));
    const strict = await setUp();
    const other = await strict.issue();
    strict.clock.advance(300_000);
    await expect(strict.verifier.verify(other)).rejects.toThrow(code('AUTH_TOKEN_EXPIRED'));
  });

  it('a server may have several names', async () => {
    const { verifier, issue } = await setUp({ audience: ['https://other.example', audience] });
    expect(await verifier.verify(await issue())).toMatchObject({ kind: 'access' });
    const elsewhere = await setUp({ audience: ['https://other.example', 'https://third.example'] });
    const token = await elsewhere.issue();
    await expect(elsewhere.verifier.verify(token)).rejects.toThrow(code('AUTH_TOKEN_WRONG_AUDIENCE'));
  });

  it.each<Partial<AccessTokenVerifierOptions>>([
    { audience: [] },
    { audience: ['a b'] },
    { clockToleranceMilliseconds: -1 },
    { clockToleranceMilliseconds: 300_001 },
    { clockToleranceMilliseconds: Number.NaN },
    { keys: { cacheMilliseconds: -1 } },
    { keys: { staleMilliseconds: Number.NaN } },
  ])('options that mean nothing are refused at once: %j', async (options) => {
    await expect(setUp(options)).rejects.toThrow(TypeError);
  });
});
