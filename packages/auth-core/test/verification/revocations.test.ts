import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Auth, attenuateToken, createAuth, type Grant } from '../../src/index.ts';
import { createRevocations } from '../../src/verification/revocations.ts';
import { code, createManagedAuth } from '../management/managed-auth.ts';
import { FULL_GRANT, llm } from '../words.ts';

const CHAT: Grant = { actions: ['chat'] };

async function setUp() {
  const managed = createManagedAuth();
  onTestFinished(() => managed.auth.close());
  const { auth, operator, failing } = managed;
  const admin = await auth.issue({ name: 'admin', grant: FULL_GRANT }, operator);
  const { token, record } = await auth.issue({ name: 'bot', grant: CHAT }, operator);
  const told: string[] = [];
  const fail = (...names: readonly string[]): void => {
    for (const name of names) failing.add(name);
  };
  auth.onRevoked((id) => told.push(id));
  return {
    ...managed,
    admin: await auth.verify(admin.token),
    adminToken: admin.token,
    token,
    id: record.id,
    told,
    /** Nothing can be written. */
    fillDisk: () => fail('insert', 'update', 'endAll', 'remove', 'touch'),
    /** Nothing answers. */
    stop: () => fail('find', 'list', 'insert', 'update', 'endAll', 'remove', 'countDerived', 'touch'),
    recover: () => failing.clear(),
  };
}

const isRefused = (auth: Auth, token: string, as = 'AUTH_TOKEN_REVOKED') =>
  expect(auth.verify(token)).rejects.toThrow(code(as));

describe('a revocation that cannot be stored', () => {
  it('counts here at once, for what was derived and what runs as well, and is stored when that is possible', async () => {
    const { auth, admin, token, id, told, stored, fillDisk, recover, events } = await setUp();
    const running = await auth.verify(token);
    const narrow = await attenuateToken(llm, token, CHAT);
    await auth.verify(narrow);
    fillDisk();
    expect(await auth.revoke(id, admin)).toMatchObject({ id, stored: false });
    expect(told).toEqual([id]);
    await isRefused(auth, token);
    await isRefused(auth, narrow);
    expect(auth.decide(running, { action: 'chat' })).toMatchObject({ allowed: false, reason: 'the token was revoked' });
    await expect(auth.refresh(running)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    await expect(auth.introspect(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    expect(await auth.recall(token)).toBeUndefined();
    expect(events.filter(({ type }) => type === 'token.revoked')).toEqual([]);
    recover();
    await expect.poll(async () => (await stored(id)).revokedAt).toBeDefined();
    await expect.poll(() => events.at(-1)?.type).toBe('token.revoked');
    await isRefused(auth, token);
    expect(await auth.revoke(id, admin)).toMatchObject({ stored: true });
  });

  it('of all tokens of an owner counts for each at once, however many there are', async () => {
    const { auth, operator, admin, fillDisk, recover } = await setUp();
    const tokens: string[] = [];
    for (let count = 0; count < 60; count++) {
      tokens.push((await auth.issue({ name: `bot ${count}`, owner: 'ada', grant: CHAT }, operator)).token);
    }
    fillDisk();
    const ending = auth.revokeAll({ owner: 'ada' }, admin);
    await expect
      .poll(async () =>
        (await Promise.allSettled(tokens.map((text) => auth.verify(text)))).filter(
          ({ status }) => status === 'fulfilled',
        ),
      )
      .toEqual([]);
    expect((await ending).map(({ stored }) => stored)).toEqual(tokens.map(() => false));
    recover();
  });

  it('is stored although an attempt before is never answered, as on a connection that is dead', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const revocations = createRevocations(() => {});
    let attempts = 0;
    const store = (): Promise<[]> => {
      attempts++;
      return attempts === 1 ? new Promise(() => {}) : Promise.resolve([]);
    };
    const ending = revocations.end('token', { store, report: async () => {} });
    await vi.advanceTimersByTimeAsync(500);
    expect(await ending).toEqual({ stored: false });
    expect(revocations.has('token')).toBe(true);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(attempts).toBe(2);
    expect(revocations.has('token')).toBe(false);
  });

  it('is waited for while the store takes others that were made at the same time', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const revocations = createRevocations(() => {});
    const report = async () => {};
    const late = Promise.withResolvers<[]>();
    const waiting = revocations.end('late', { store: () => late.promise, report });
    await vi.advanceTimersByTimeAsync(300);
    await revocations.end('early', { store: async () => [], report });
    await vi.advanceTimersByTimeAsync(300);
    late.resolve([]);
    expect(await waiting).toEqual({ stored: true });
  });

  it('is in force until each is stored, where a token ends in two ways at once', async () => {
    const revocations = createRevocations(() => {});
    const report = async () => {};
    const [alone, together] = [Promise.withResolvers<[]>(), Promise.withResolvers<[]>()];
    const first = revocations.end('token', { store: () => alone.promise, report });
    const second = revocations.endAll(['token', 'other'], { store: () => together.promise, report });
    alone.resolve([]);
    await first;
    expect(revocations.has('token')).toBe(true);
    together.resolve([]);
    await second;
    expect(revocations.has('token')).toBe(false);
  });

  it('keeps the time at which it was made', async () => {
    const { auth, admin, id, stored, clock, fillDisk, recover } = await setUp();
    fillDisk();
    const { revokedAt } = await auth.revoke(id, admin);
    clock.advance(10_000);
    recover();
    await expect.poll(async () => (await stored(id)).revokedAt).toBe(revokedAt);
  });

  it('is made by a holder, of whatever kind, while nothing answers', async () => {
    for (const make of [async (token: string) => token, (token: string) => attenuateToken(llm, token, CHAT)]) {
      const { auth, token, stop, recover } = await setUp();
      const text = await make(token);
      const holder = await auth.verify(text);
      stop();
      expect(await auth.recall(text)).toBe(holder);
      expect(await auth.revokeSelf(holder)).toMatchObject({ stored: false });
      recover();
      await isRefused(auth, text);
      await expect.poll(async () => (await auth.revokeSelf(holder)).stored).toBe(true);
      await isRefused(auth, text);
    }
  });

  it('is made by an administrator who was verified within the last minute while nothing answers', async () => {
    const { auth, admin, token, id, stop, recover } = await setUp();
    stop();
    expect(await auth.revoke(id, admin)).toMatchObject({ id, stored: false });
    recover();
    await isRefused(auth, token);
  });

  it('leaves nothing behind for an id that no token has', async () => {
    const { auth, admin, stop, recover, events } = await setUp();
    stop();
    expect(await auth.revoke('nobody12', admin)).toMatchObject({ id: 'nobody12', stored: false });
    recover();
    await expect.poll(() => auth.revoke('nobody12', admin).catch(({ code }) => code)).toBe('AUTH_TOKEN_NOT_FOUND');
    expect(events.filter(({ type }) => type === 'token.revoked')).toEqual([]);
  });

  it('is made by who covers a token that was used within the last minute, and by nobody who does not', async () => {
    const { auth, operator, token, id, stop } = await setUp();
    const manager = async (grant: Grant) => auth.verify((await auth.issue({ name: 'manager', grant }, operator)).token);
    const wide = await manager({ actions: ['chat', 'tokens:write'] });
    const small = await manager({ actions: ['tokens:write'] });
    const none = await manager({ actions: ['chat'] });
    const unused = await auth.issue({ name: 'unused', grant: CHAT }, operator);
    await auth.verify(token);
    stop();
    for (const [target, by] of [
      [id, small],
      [id, none],
      [unused.record.id, wide],
    ] as const) {
      await expect(auth.revoke(target, by)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
    }
    expect(await auth.revoke(id, wide)).toMatchObject({ stored: false });
  });

  it.each<[string, Grant]>([
    ['', { actions: ['chat', 'tokens:write'] }],
    [', who may do everything in its own', FULL_GRANT],
  ])('is not made by a manager of one project for another one%s', async (_, grant) => {
    const { auth, operator, stop } = await setUp();
    const make = async (project: string) => {
      const input = { name: project, project, grant };
      return auth.verify((await auth.issue(input, operator)).token);
    };
    const [web, shop, other] = [await make('web'), await make('web'), await make('shop')];
    stop();
    await expect(auth.revoke(other.id, web)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
    expect(await auth.revoke(shop.id, web)).toMatchObject({ stored: false });
  });

  it('is not made by who was verified longer ago, or has ended', async () => {
    const { auth, admin, adminToken, id, clock, stop } = await setUp();
    stop();
    clock.advance(60_000);
    expect(await auth.recall(adminToken)).toBeUndefined();
    await expect(auth.revoke(id, admin)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
    expect(await auth.recall(undefined)).toBeUndefined();
  });

  it('is not made by a token that was itself revoked meanwhile', async () => {
    const { auth, operator, admin, id, stop } = await setUp();
    stop();
    await auth.revoke(admin.id, operator);
    await expect(auth.revoke(id, admin)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
  });

  it('is tried once more when everything ends', async () => {
    const { auth, admin, id, inner, fillDisk, recover } = createWithOpenStore(await setUp());
    fillDisk();
    await auth.revoke(id, admin);
    recover();
    await auth.close();
    expect((await inner.find(id))?.revokedAt).toBeDefined();
  });

  it('waits for no store that hangs', async () => {
    const { auth, admin, token, id, store } = await setUp();
    const { update } = store;
    const { promise: held, resolve } = Promise.withResolvers<void>();
    store.update = async (...args) => {
      await held;
      return update(...args);
    };
    const ended = auth.revoke(id, admin);
    expect(await ended).toMatchObject({ stored: false });
    await isRefused(auth, token);
    resolve();
    await expect.poll(async () => (await auth.revoke(id, admin)).stored).toBe(true);
  });
});

/** The store in memory forgets when it is closed; what is asked here is what it had then. */
function createWithOpenStore<Installation extends Awaited<ReturnType<typeof setUp>>>(installation: Installation) {
  installation.store.close = async () => undefined;
  return installation;
}

describe('revokeAll', () => {
  it('ends what was made while it went through the others', async () => {
    const { auth, operator, admin, store, inner, clock } = await setUp();
    // Another process on the same store does not know yet.
    const elsewhere = createAuth({ vocabulary: llm, store: inner, digestKey: new Uint8Array(32).fill(1), clock });
    const owner = 'thief';
    const grant: Grant = { actions: ['tokens:write'] };
    let latest = await auth.issue({ name: 'first', owner, grant }, operator);
    const { endAll } = store;
    store.endAll = async (...args) => {
      clock.advance(-1000);
      latest = await elsewhere.issue({ name: 'second', grant }, await elsewhere.verify(latest.token));
      return endAll(...args);
    };
    const revoked = await auth.revokeAll({ owner }, admin);
    expect(revoked.map(({ token }) => token?.name).sort()).toEqual(['first', 'second']);
    await isRefused(auth, latest.token);
  });

  it('ends here what cannot be stored, and says so of each', async () => {
    const { auth, admin, token, fillDisk } = await setUp();
    fillDisk();
    expect(await auth.revokeAll({ owner: 'operator' }, admin)).toMatchObject([{ stored: false }]);
    await isRefused(auth, token);
  });
});

describe('introspect', () => {
  it('hears of a revocation elsewhere at once', async () => {
    const { auth, token, id, inner } = await setUp();
    expect((await auth.introspect(token)).id).toBe(id);
    const record = await inner.find(id);
    if (record) await inner.update({ ...record, revokedAt: '2027-01-01T00:00:00.000Z', version: 2 }, 1);
    await expect(auth.introspect(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
  });
});

describe('what is still to be done in the background', () => {
  it('is tried once, and not again, when there is too much of it', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const revocations = createRevocations(() => {});
    for (let count = 0; count < 1000; count++) void revocations.later(() => new Promise(() => {}));
    const failing = vi.fn(async () => {
      throw new Error('the database is away');
    });
    await expect(revocations.later(failing)).rejects.toThrow('away');
    expect(failing).toHaveBeenCalledTimes(1);
  });
});
