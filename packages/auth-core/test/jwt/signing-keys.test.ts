import { calculateJwkThumbprint, createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { type AuditEvent, createAuth, createMemoryTokenStore, createSealer } from '../../src/index.ts';
import {
  createAccessTokens,
  createAccessTokenVerifier,
  createMemorySigningKeyStore,
  createSigningKeys,
  type SigningKeyStore,
} from '../../src/jwt/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { llm } from '../words.ts';

const sealer = createSealer(new Uint8Array(32).fill(1));
const auth = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey: new Uint8Array(32) });
const operator = auth.operator();

const ISSUER = 'https://latchkey.example';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A store that notes each call, and fails on demand. */
function countCalls(inner: SigningKeyStore = createMemorySigningKeyStore()) {
  const calls: string[] = [];
  const failing = new Set<string>();
  const note = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    calls.push(name);
    if (failing.has(name)) throw new Error('disk on fire: /var/lib/secret.db');
    return call();
  };
  const store: SigningKeyStore = {
    list: () => note('list', () => inner.list()),
    insert: (record) => note('insert', () => inner.insert(record)),
    remove: (sequences) => note('remove', () => inner.remove(sequences)),
    close: () => note('close', () => inner.close()),
  };
  return { store, inner, calls, failing };
}

function setUp() {
  const { store, inner, calls, failing } = countCalls();
  const clock = fixedClock();
  const keys = createSigningKeys({ store, sealer, clock });
  const kids = async () => (await keys.jwks()).keys.map(({ kid }) => kid);
  return { store, inner, calls, failing, clock, keys, kids };
}

describe('the keys that sign', () => {
  it('begin with one that is made when it is needed, and signs at once', async () => {
    const { keys, calls, clock } = setUp();
    expect(calls).toEqual([]);
    const { kid } = await keys.signer();
    const nbf = Math.floor(clock().getTime() / 1000);
    expect(await keys.jwks()).toEqual({
      keys: [{ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid, alg: 'EdDSA', use: 'sig', nbf }],
    });
    const [published] = (await keys.jwks()).keys;
    expect(await calculateJwkThumbprint(published ?? {})).toBe(kid);
  });

  it('say from when they sign, and until when they count once another follows', async () => {
    const { keys, clock } = setUp();
    await keys.signer();
    const from = clock().getTime() / 1000;
    const { signsFrom } = await keys.rotate({}, auth.operator());
    const next = Date.parse(signsFrom) / 1000;
    // What is signed last lives for an hour, and clocks differ by a minute.
    const times = (await keys.jwks()).keys.map(({ nbf, exp }) => ({ nbf, exp }));
    expect(times).toEqual([{ nbf: from, exp: next + 3600 + 60 }, { nbf: next }]);
    clock.advance((next + 3600 + 59 - from) * 1000);
    expect((await keys.jwks()).keys).toHaveLength(2);
    clock.advance(1000);
    expect((await keys.jwks()).keys.map(({ nbf }) => nbf)).toEqual([next]);
  });

  it('are one and the same for two processes that begin at once', async () => {
    const { store, clock } = setUp();
    const processes = Array.from({ length: 5 }, () => createSigningKeys({ store, sealer, clock }));
    const kids = await Promise.all(processes.map(async (keys) => (await keys.signer()).kid));
    expect(new Set(kids).size).toBe(1);
    expect(await store.list()).toHaveLength(1);
  });

  it('are read once a second at most, whatever is asked', async () => {
    const { keys, calls, clock } = setUp();
    const { kid } = await keys.signer();
    calls.length = 0;
    clock.advance(999);
    await Promise.all([keys.signer(), keys.find(kid), keys.jwks()]);
    expect(calls).toEqual([]);
    clock.advance(1);
    await Promise.all([keys.signer(), keys.find(kid), keys.jwks()]);
    expect(calls).toEqual(['list']);
  });

  it('sign for 30 days, and the next one is published for an hour before it signs', async () => {
    const { keys, kids, clock } = setUp();
    const first = (await keys.signer()).kid;
    clock.advance(30 * DAY - HOUR - 1000);
    expect(await kids()).toEqual([first]);
    clock.advance(1000);
    const [, second] = await kids();
    expect(second).toBeDefined();
    clock.advance(HOUR - 1);
    expect((await keys.signer()).kid).toBe(first);
    clock.advance(1);
    expect((await keys.signer()).kid).toBe(second);
  });

  it('are published for an hour first even when nobody asked for a year', async () => {
    const { keys, kids, clock } = setUp();
    const first = (await keys.signer()).kid;
    clock.advance(365 * DAY);
    expect((await keys.signer()).kid).toBe(first);
    const [, second] = await kids();
    clock.advance(HOUR);
    expect((await keys.signer()).kid).toBe(second);
  });

  it('stay known until all that they have signed has expired, and are then removed', async () => {
    const { keys, kids, clock, inner } = setUp();
    const first = (await keys.signer()).kid;
    clock.advance(30 * DAY - HOUR);
    await kids();
    clock.advance(2 * HOUR + 59_000);
    expect(await keys.find(first)).toMatchObject({ kid: first });
    clock.advance(1000);
    expect(await keys.find(first)).toBeUndefined();
    expect(await kids()).not.toContain(first);
    expect((await inner.list()).map(({ kid }) => kid)).not.toContain(first);
  });

  it('sign on where the clock was set back, and are read anew', async () => {
    const { keys, calls, clock } = setUp();
    const { kid } = await keys.signer();
    clock.advance(-DAY);
    calls.length = 0;
    expect((await keys.signer()).kid).toBe(kid);
    expect(calls).toEqual(['list']);
  });

  it('are found at once when another process has made them a moment ago', async () => {
    const { store, clock, keys } = setUp();
    await keys.signer();
    const other = createSigningKeys({ store, sealer, clock });
    const { kid } = await other.rotate({ compromised: true }, operator);
    expect(await keys.find(kid)).toMatchObject({ kid });
  });

  it('are not there under an id that nobody has', async () => {
    const { keys } = setUp();
    for (const kid of ['', '__proto__', 'A'.repeat(43)]) expect(await keys.find(kid)).toBeUndefined();
  });

  it('are looked for in the store once a second at most, however many ids are made up', async () => {
    const { store, keys, calls, clock } = setUp();
    await keys.signer();
    calls.length = 0;
    for (let index = 0; index < 50; index++) expect(await keys.find(`made up ${index}`)).toBeUndefined();
    await Promise.all(Array.from({ length: 50 }, (_, index) => keys.find(`made up ${index}`)));
    expect(calls).toEqual(['list']);
    const other = createSigningKeys({ store, sealer, clock });
    const { kid } = await other.rotate({ compromised: true }, operator);
    clock.advance(1000);
    expect(await keys.find(kid)).toMatchObject({ kid });
  });

  it('deny while the store fails, without a word of why', async () => {
    const { keys, failing, clock } = setUp();
    const { kid } = await keys.signer();
    clock.advance(1000);
    failing.add('list');
    for (const call of [keys.signer, keys.jwks, () => keys.find(kid)]) {
      await expect(call()).rejects.toMatchObject({
        code: 'AUTH_STORE_UNAVAILABLE',
        message: expect.not.stringContaining('secret.db'),
      });
    }
    failing.clear();
    expect((await keys.signer()).kid).toBe(kid);
  });

  it('are not made where the store keeps nothing', async () => {
    const { inner, clock } = setUp();
    const keys = createSigningKeys({ store: { ...inner, insert: async () => false }, sealer, clock });
    await expect(keys.signer()).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
    await expect(keys.rotate({}, operator)).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
  });
});

describe('the algorithm of signing keys', () => {
  it.each(['EdDSA', 'ES256', 'RS256'] as const)(
    'sign with %s, for verifiers that know nothing else',
    async (algorithm) => {
      const clock = fixedClock();
      const keys = createSigningKeys({ store: createMemorySigningKeyStore(), sealer, algorithm, clock });
      const access = createAccessTokens({ vocabulary: llm, keys, issuer: ISSUER, clock });
      const grant = { actions: ['chat'], models: ['*'] } as const;
      const { token } = await auth.issue({ name: 'ci', grant }, operator);
      const issued = await access.issue(await auth.verify(token));
      const jwks = await keys.jwks();
      expect(jwks.keys[0]).toMatchObject({ alg: algorithm });
      expect(jwks.keys[0]).not.toHaveProperty('d');
      const options = { algorithms: [algorithm], currentDate: clock() };
      expect((await jwtVerify(issued.token, createLocalJWKSet(jwks), options)).payload.iss).toBe(ISSUER);
      const verifier = createAccessTokenVerifier({ vocabulary: llm, jwks, issuer: ISSUER, audience: ISSUER, clock });
      expect(await verifier.verify(issued.token)).toMatchObject({ kind: 'access' });
    },
  );

  it('may differ between processes: each signs with its own, and no keys pile up', async () => {
    const store = createMemorySigningKeyStore();
    const clock = fixedClock();
    const one = createSigningKeys({ store, sealer, clock });
    const other = createSigningKeys({ store, sealer, algorithm: 'ES256', clock });
    await one.signer();
    await other.signer();
    clock.advance(2 * 3_600_000);
    expect((await one.signer()).algorithm).toBe('EdDSA');
    expect((await other.signer()).algorithm).toBe('ES256');
    expect(await store.list()).toHaveLength(2);
  });

  it('is refused when it is another one', () => {
    const algorithm = 'HS256' as 'ES256';
    expect(() => createSigningKeys({ store: createMemorySigningKeyStore(), sealer, algorithm })).toThrow(TypeError);
  });
});

describe('the keys in the store', () => {
  it('are sealed, so that a stolen store signs nothing', async () => {
    const { keys, inner } = setUp();
    const { publicJwk } = await keys.signer();
    const [record] = await inner.list();
    expect(JSON.stringify(record)).not.toContain('x' in publicJwk ? publicJwk.x : '"n"');
    const thief = createSigningKeys({ store: inner, sealer: createSealer(new Uint8Array(32).fill(2)) });
    expect((await thief.signer()).kid).not.toBe(record?.kid);
  });

  it('cannot be brought by whoever writes into the store', async () => {
    const { keys, inner, clock } = setUp();
    const { kid } = await keys.signer();
    const own = createMemorySigningKeyStore();
    await createSigningKeys({ store: own, sealer: createSealer(new Uint8Array(32).fill(2)), clock }).signer();
    const [foreign] = await own.list();
    const [record] = await inner.list();
    if (foreign === undefined || record === undefined) throw new Error('there is no key');
    await inner.insert({ ...foreign, sequence: 2 });
    await inner.insert({ ...record, kid: foreign.kid, sequence: 3 });
    clock.advance(1000);
    for (const process of [keys, createSigningKeys({ store: inner, sealer, clock })]) {
      expect(await process.find(foreign.kid)).toBeUndefined();
      expect((await process.signer()).kid).toBe(kid);
    }
  });

  it('are no keys when what was sealed is none', async () => {
    const { keys, inner } = setUp();
    const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const jwk = await exportJWK(privateKey);
    const contents = ['{', '[]', '{"jwk":{}}', JSON.stringify({ jwk, signsFrom: 'now' })];
    for (const [index, content] of contents.entries()) {
      const sealed = await sealer.seal('signing key forged', content);
      await inner.insert({ sequence: index + 1, kid: 'forged', sealed, createdAt: '2027-01-01T00:00:00.000Z' });
    }
    const { sequence } = await keys.signer();
    expect(sequence).toBe(5);
    expect(await keys.find('forged')).toBeUndefined();
  });
});

describe('a rotation on demand', () => {
  it('publishes a key that signs in an hour, while the old one goes on', async () => {
    const { keys, kids, clock } = setUp();
    const first = (await keys.signer()).kid;
    const { kid, signsFrom } = await keys.rotate({}, operator);
    expect(signsFrom).toBe('2027-01-01T01:00:00.000Z');
    expect(await kids()).toEqual([first, kid]);
    expect((await keys.signer()).kid).toBe(first);
    clock.advance(HOUR);
    expect((await keys.signer()).kid).toBe(kid);
    expect(await keys.find(first)).toBeDefined();
  });

  it('drops compromised keys at once, everywhere', async () => {
    const { store, keys, kids, clock } = setUp();
    const first = (await keys.signer()).kid;
    const other = createSigningKeys({ store, sealer, clock });
    expect(await other.find(first)).toBeDefined();
    const { kid } = await keys.rotate({ compromised: true }, operator);
    expect(await kids()).toEqual([kid]);
    expect((await keys.signer()).kid).toBe(kid);
    expect(await keys.find(first)).toBeUndefined();
    clock.advance(1000);
    expect(await other.find(first)).toBeUndefined();
  });

  it('leaves a key when two processes drop compromised keys at once', async () => {
    const { store, clock, inner } = setUp();
    const processes = [1, 2, 3].map(() => createSigningKeys({ store, sealer, clock }));
    await processes[0]?.signer();
    const rotated = await Promise.all(processes.map((keys) => keys.rotate({ compromised: true }, operator)));
    const left = (await inner.list()).map(({ kid }) => kid);
    expect(left).toHaveLength(1);
    expect(rotated.map(({ kid }) => kid)).toContain(left[0]);
  });

  it('never drops a key that another process has made since', async () => {
    const { clock, inner } = setUp();
    const other = createSigningKeys({ store: inner, sealer, clock });
    let rotated: string | undefined;
    const store: SigningKeyStore = {
      ...inner,
      async insert(record) {
        const inserted = await inner.insert(record);
        if (record.sequence === 2) rotated = (await other.rotate({ compromised: true }, operator)).kid;
        return inserted;
      },
    };
    const keys = createSigningKeys({ store, sealer, clock });
    await keys.signer();
    await keys.rotate({ compromised: true }, operator);
    expect((await inner.list()).map(({ kid }) => kid)).toEqual([rotated]);
  });

  it('is not undone by a look into the store that began before it', async () => {
    const { inner, clock } = setUp();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let hold = false;
    const store: SigningKeyStore = {
      ...inner,
      async list() {
        const records = await inner.list();
        if (hold) {
          hold = false;
          await held;
        }
        return records;
      },
    };
    const keys = createSigningKeys({ store, sealer, clock });
    const first = (await keys.signer()).kid;
    clock.advance(1000);
    hold = true;
    const looking = keys.jwks();
    await keys.rotate({ compromised: true }, operator);
    release();
    await looking;
    expect(await keys.find(first)).toBeUndefined();
  });

  it('needs the action settings:write', async () => {
    const { keys, calls } = setUp();
    const grant = { actions: ['settings:read' as const] };
    const { token } = await auth.issue({ name: 'reader', grant }, operator);
    const reader = await auth.verify(token);
    await expect(keys.rotate({ compromised: true }, reader)).rejects.toMatchObject({ code: 'AUTH_PERMISSION_DENIED' });
    expect(calls).toEqual([]);
  });

  it('is remembered in the audit log, and fails where it cannot be', async () => {
    const { store, clock } = setUp();
    const events: AuditEvent[] = [];
    const keys = createSigningKeys({
      store,
      sealer,
      clock,
      audit: async (event) => {
        if (events.push(event) > 1) throw new Error('disk full');
      },
    });
    const { kid, signsFrom } = await keys.rotate({}, operator);
    expect(events).toEqual([
      {
        type: 'keys.rotated',
        actor: { id: 'local:operator', name: 'operator', owner: 'operator', rootId: 'local:operator' },
        subject: kid,
        details: { compromised: false, signsFrom },
      },
    ]);
    const before = await store.list();
    await expect(keys.rotate({}, operator)).rejects.toMatchObject({ code: 'AUTH_AUDIT_UNAVAILABLE' });
    expect(await store.list()).toEqual(before);
  });
});
