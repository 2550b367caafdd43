import { describe, expect, it } from 'vitest';
import { type AuthOptions, createAuth, createDigest, type Grant, type TokenRecord } from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { createCountingStore } from '../counting-store.ts';
import { llm } from '../words.ts';

const digestKey = new Uint8Array(32).fill(1);
const GRANT: Grant = { actions: ['chat'], models: ['ibm/*'] };

async function setUp(options: Partial<AuthOptions> = {}) {
  const counting = createCountingStore();
  const clock = fixedClock();
  const auth = createAuth({ vocabulary: llm, store: counting.store, digestKey, clock, ...options });
  const { token, record } = await auth.issue({ name: 'ci-bot', grant: GRANT }, auth.operator());
  counting.calls.length = 0;
  return { ...counting, clock, auth, token, record };
}

/** Changes the stored token behind the server's back, as another process does. */
async function changeElsewhere({ inner, record }: Awaited<ReturnType<typeof setUp>>, changes: Partial<TokenRecord>) {
  const current = await inner.find(record.id);
  if (current === undefined) throw new Error('there is no such token');
  await inner.update({ ...current, ...changes, version: current.version + 1 }, current.version);
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('verify', () => {
  it('says who presents a token', async () => {
    const { auth, token, record } = await setUp();
    expect(await auth.verify(token)).toEqual({
      id: record.id,
      kind: 'api-key',
      name: 'ci-bot',
      owner: 'operator',
      rootId: record.id,
      tokenId: record.id,
      chain: [record.id],
      authority: [
        { grant: expect.objectContaining({ actions: ['*'] }), source: 'server policy', id: 'policy' },
        { grant: GRANT, source: 'token ci-bot', id: record.id },
      ],
      provedBy: expect.any(String),
    });
  });

  it('hands out what nobody can widen', async () => {
    const { auth, token } = await setUp();
    const principal = await auth.verify(token);
    expect(() => Object.assign(principal, { name: 'root' })).toThrow(TypeError);
    expect(() => (principal.authority as unknown[]).pop()).toThrow(TypeError);
    expect(() => Object.assign(principal.authority[1]!, { grant: {} })).toThrow(TypeError);
  });

  it.each([undefined, ''])('misses a token that is not there: %j', async (text) => {
    const { auth, calls } = await setUp();
    await expect(auth.verify(text)).rejects.toThrow(code('AUTH_TOKEN_MISSING'));
    expect(calls).toEqual([]);
  });

  it('refuses what is no text', async () => {
    const { auth, calls, token } = await setUp();
    for (const text of [[token], 1, null, { toString: () => token }]) {
      await expect(auth.verify(text as unknown as string)).rejects.toThrow(code('AUTH_TOKEN_MALFORMED'));
    }
    expect(calls).toEqual([]);
  });

  it('refuses another shape before it asks the store', async () => {
    const { auth, token, calls } = await setUp();
    for (const text of [`${token}x`, ` ${token}`, token.slice(1), token.toUpperCase(), 'x'.repeat(100_000)]) {
      await expect(auth.verify(text)).rejects.toThrow(code('AUTH_TOKEN_MALFORMED'));
    }
    expect(calls).toEqual([]);
  });

  it('tells an unknown id and a wrong secret with the same words and the same work', async () => {
    const { auth, token, calls } = await setUp();
    const wrongSecret = token.replace(/:.*/, ':BBBBBBBBBBBBBBBBBBBB');
    const unknownId = token.replace(/-[^-]*:/, '-AAAAAAAA:');
    const failures: unknown[] = [];
    for (const text of [wrongSecret, unknownId]) {
      await auth.verify(text).catch((error) => failures.push({ ...error, message: error.message }));
    }
    expect(failures[0]).toEqual(failures[1]);
    expect(failures[0]).toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
    expect(calls).toEqual(['find', 'find', 'find', 'find']);
  });

  it('does not accept the stored digest for the secret', async () => {
    const { auth, inner, record } = await setUp();
    const stored = await inner.find(record.id);
    await expect(auth.verify(`sk-lm-${record.id}:${stored?.digest.slice(9, 29)}`)).rejects.toThrow(
      code('AUTH_TOKEN_UNKNOWN'),
    );
    await expect(auth.verify(stored?.digest)).rejects.toThrow(code('AUTH_TOKEN_MALFORMED'));
  });

  it("does not accept another token's digest, put into the database", async () => {
    const world = await setUp();
    const other = await world.auth.issue({ name: 'admin', grant: { actions: ['*'] } }, world.auth.operator());
    const { digest = '' } = (await world.inner.find(world.record.id)) ?? {};
    const admin = await world.inner.find(other.record.id);
    await world.inner.update({ ...admin!, digest, version: 2 }, 1);
    const secret = world.token.split(':')[1];
    await expect(world.auth.verify(`sk-lm-${other.record.id}:${secret}`)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it('accepts nothing under another digest key', async () => {
    const { inner, token } = await setUp();
    const { readKeys: _, replaceKeys: __, ...forgetful } = inner;
    const other = { vocabulary: llm, digestKey: new Uint8Array(32).fill(2) };
    await expect(createAuth({ ...other, store: forgetful }).verify(token)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
    await expect(createAuth({ ...other, store: inner }).verify(token)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
  });

  it('refuses a token from the moment it expires, kept warm or not', async () => {
    const { auth, clock } = await setUp();
    const expiresAt = new Date(clock().getTime() + 100).toISOString();
    const { token } = await auth.issue({ name: 'short', grant: GRANT, expiresAt }, auth.operator());
    clock.advance(99);
    expect(await auth.verify(token)).toMatchObject({ expiresAt });
    clock.advance(1);
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_EXPIRED'));
  });

  it('refuses a token whose end cannot be read', async () => {
    const world = await setUp();
    await changeElsewhere(world, { expiresAt: 'soon' });
    await expect(world.auth.verify(world.token)).rejects.toThrow(code('AUTH_TOKEN_EXPIRED'));
  });

  it('tells that a token was revoked only to those who have its secret', async () => {
    const { auth, token, record } = await setUp();
    await auth.revoke(record.id, auth.operator());
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    await expect(auth.verify(token.replace(/:.*/, ':BBBBBBBBBBBBBBBBBBBB'))).rejects.toThrow(
      code('AUTH_TOKEN_UNKNOWN'),
    );
  });

  it('lets a grant that cannot be read allow nothing', async () => {
    const world = await setUp();
    await changeElsewhere(world, { grant: JSON.parse('{"actions":["*"],"from":"the future"}') });
    const principal = await world.auth.verify(world.token);
    expect(world.auth.decide(principal, { action: 'chat' })).toMatchObject({ allowed: false, rule: 'actions' });
  });
});

describe('a warm token', () => {
  it('is not looked up again for half a second', async () => {
    const { auth, token, calls, clock } = await setUp();
    await auth.verify(token);
    clock.advance(499);
    await auth.verify(token);
    expect(calls).toEqual(['find']);
    clock.advance(1);
    await auth.verify(token);
    expect(calls).toEqual(['find', 'find']);
  });

  it('is looked up each time when nothing is to be kept warm', async () => {
    const { auth, token, calls } = await setUp({ cacheMilliseconds: 0 });
    await auth.verify(token);
    await auth.verify(token);
    expect(calls).toEqual(['find', 'find']);
  });

  it('is looked up again when the clock was set back', async () => {
    const { auth, token, calls, clock } = await setUp();
    await auth.verify(token);
    clock.advance(-60_000);
    await auth.verify(token);
    expect(calls.filter((name) => name === 'find')).toHaveLength(2);
  });

  it('is another token than one that begins alike', async () => {
    const { auth, token } = await setUp();
    await auth.verify(token);
    const alike = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    await expect(auth.verify(alike)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it('ends at once when it is revoked here', async () => {
    const { auth, token, record } = await setUp();
    await auth.verify(token);
    await auth.revoke(record.id, auth.operator());
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
  });

  it('ends within a second when it is revoked elsewhere, and is told of', async () => {
    const world = await setUp();
    const told: string[] = [];
    world.auth.onRevoked((id) => told.push(id));
    await world.auth.verify(world.token);
    await changeElsewhere(world, { revokedAt: world.clock().toISOString() });
    world.clock.advance(999);
    await expect(world.auth.verify(world.token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    await expect(world.auth.verify(world.token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    expect(told).toEqual([world.record.id]);
  });

  it('has its new grant at once when it is edited here', async () => {
    const { auth, token, record } = await setUp();
    await auth.verify(token);
    await auth.edit(record.id, { grant: { actions: [] } }, auth.operator());
    expect((await auth.verify(token)).authority[1]?.grant).toEqual({ actions: [] });
  });

  it('is not kept when it was revoked while it was being looked up', async () => {
    const { auth, token, record, store, calls } = await setUp();
    const { promise: read, resolve: letRead } = Promise.withResolvers<void>();
    const find = store.find;
    store.find = async (id) => {
      const found = await find(id);
      await read;
      return found;
    };
    const early = auth.verify(token);
    store.find = find;
    await auth.revoke(record.id, auth.operator());
    letRead();
    await early;
    calls.length = 0;
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
  });

  it('is refused when the store fails and its time is over', async () => {
    const { auth, token, failing, clock } = await setUp();
    await auth.verify(token);
    failing.add('find');
    clock.advance(500);
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
  });
});

describe('a store that fails', () => {
  it('lets nobody in, and keeps what it said out of the message', async () => {
    const { auth, token, failing } = await setUp();
    failing.add('find');
    const error = await auth.verify(token).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
    expect(error.message).not.toContain('fire');
    expect(error.cause.message).toContain('fire');
  });

  it('fails no request by failing to note the last use', async () => {
    const { auth, token, failing, clock } = await setUp();
    failing.add('touch');
    clock.advance(60_000);
    expect(await auth.verify(token)).toMatchObject({ name: 'ci-bot' });
    await auth.list(auth.operator());
  });
});

describe('the time of last use', () => {
  it('is written now and then, not with every request', async () => {
    const { auth, token, calls, clock } = await setUp();
    for (let second = 0; second < 60; second++) {
      await auth.verify(token);
      clock.advance(1000);
    }
    expect(calls.filter((name) => name === 'touch')).toHaveLength(1);
  });

  it('is up to date when it is asked for', async () => {
    const { auth, token, record, clock } = await setUp();
    await auth.verify(token);
    clock.advance(100);
    await auth.verify(token);
    expect((await auth.show(record.id, auth.operator())).lastUsedAt).toBe(clock().toISOString());
    expect((await auth.list(auth.operator()))[0]?.lastUsedAt).toBe(clock().toISOString());
  });

  it('is written when the server closes', async () => {
    const { auth, token, calls } = await setUp();
    await auth.verify(token);
    await auth.close();
    expect(calls).toEqual(['find', 'touch', 'close']);
  });
});

describe('digests', () => {
  it('are all that is stored of a secret', async () => {
    const { inner, token, record } = await setUp();
    const [, secret = ''] = token.split(':');
    const stored = await inner.find(record.id);
    expect(JSON.stringify(stored)).not.toContain(secret);
    expect(stored?.digest).toBe(await createDigest(digestKey).of('api-key', { id: record.id, secret }));
  });
});
