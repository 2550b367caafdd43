import { describe, expect, it } from 'vitest';
import { attenuateToken, type TokenStore } from '../../src/index.ts';
import { createCountingStore } from '../counting-store.ts';
import { llm } from '../words.ts';
import { CHAT, code, setUpVerification } from './verified-auth.ts';

type Listener = Parameters<NonNullable<TokenStore['watch']>>[0];

/** A store that tells of changes, as a database that can. */
async function setUp(watch?: TokenStore['watch']) {
  const { store, inner } = createCountingStore();
  const listeners = new Set<Listener>();
  const watching: TokenStore = {
    ...store,
    watch:
      watch ??
      (async (listener) => {
        listeners.add(listener);
        return async () => void listeners.delete(listener);
      }),
  };
  const told: string[] = [];
  const world = await setUpVerification({ store: watching });
  world.auth.onRevoked((id) => told.push(id));
  const { record, clock } = world;

  async function revokeElsewhere(): Promise<void> {
    const current = (await inner.find(record.id))!;
    await inner.update({ ...current, revokedAt: clock().toISOString(), version: 2 }, 1);
    for (const listener of listeners) await listener([{ id: record.id, ended: true }]);
  }

  return { ...world, inner, listeners, told, revokeElsewhere };
}

describe('a store that tells of changes', () => {
  it('ends a token that was revoked elsewhere at once, and what was derived from it', async () => {
    const { auth, token, record, told, revokeElsewhere } = await setUp();
    const narrower = await attenuateToken(llm, token, CHAT);
    for (const text of [token, narrower]) await auth.verify(text);
    await revokeElsewhere();
    expect(told).toEqual([record.id]);
    for (const text of [token, narrower]) await expect(auth.verify(text)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
  });

  it('is looked into again after a change that ended nothing', async () => {
    const { auth, token, record, listeners, told, inner } = await setUp();
    await auth.verify(token);
    const current = (await inner.find(record.id))!;
    await inner.update({ ...current, grant: { actions: [] }, version: 2 }, 1);
    for (const listener of listeners) await listener([{ id: record.id, ended: false }]);
    expect((await auth.verify(token)).authority[1]?.grant).toEqual({ actions: [] });
    expect(told).toEqual([]);
  });

  it('may tell ids of nothing, and many at once', async () => {
    const { auth, token, listeners, told, inner } = await setUp();
    await auth.verify(token);
    const changes = Array.from({ length: 3000 }, (_, index) => ({ id: `token ${index}`, ended: index % 2 === 0 }));
    for (const listener of listeners) await listener(changes);
    expect(told).toEqual(changes.filter(({ ended }) => ended).map(({ id }) => id));
    await inner.close();
    // What concerned others has not touched what was verified here.
    expect(await auth.verify(token)).toMatchObject({ name: 'ci-bot' });
  });

  it('is listened to until the server closes', async () => {
    const { auth, listeners } = await setUp();
    expect(listeners.size).toBe(1);
    await auth.close();
    expect(listeners.size).toBe(0);
  });

  it.each<[string, NonNullable<TokenStore['watch']>]>([
    ['begin', () => Promise.reject(new Error('no connection'))],
    [
      'begin without a promise',
      () => {
        throw new Error('no connection');
      },
    ],
    ['stop', async () => () => Promise.reject(new Error('no connection'))],
  ])('harms nobody when it cannot %s', async (_, watch) => {
    const { auth, token } = await setUp(watch);
    expect(await auth.verify(token)).toMatchObject({ name: 'ci-bot' });
    await auth.close();
  });
});
