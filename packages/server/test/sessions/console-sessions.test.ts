import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ConsoleSessions, createConsoleSessions } from '../../src/sessions/console-sessions.ts';
import { createKyselySessionStore } from '../../src/sessions/kysely-session-store.ts';
import { openDatabase } from '../../src/state/database.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const HOUR = 3_600_000;

/** Sessions in a database of their own, with a clock that stands. */
async function newSessions({ audit = async () => {} }: { audit?: () => Promise<void> } = {}) {
  const opened = new AsyncDisposableStack();
  onTestFinished(() => opened.disposeAsync());
  const database = await openDatabase(join(temporaryFolder(), 'test.db'), opened);
  const store = createKyselySessionStore(database.sessions);
  const ended = new Set<string>();
  const time = { now: Date.parse('2027-01-01T00:00:00Z') };
  const open = (...secrets: [Uint8Array, ...Uint8Array[]]) =>
    createConsoleSessions({
      store,
      secrets,
      clock: () => new Date(time.now),
      audit,
      hasEnded: async (chain) => chain.some((id) => ended.has(id)),
    });
  return { sessions: open(new Uint8Array(32).fill(7)), open, store, time, ended };
}

const start = async (sessions: ConsoleSessions, id = 'AAAAAAAA', parents: readonly string[] = []) => {
  const rootId = parents[0] ?? id;
  const principal = {
    kind: 'api-key' as const,
    id,
    tokenId: id,
    rootId,
    chain: [...parents, id],
    name: id,
    owner: 'ada',
  };
  const started = await sessions.start({ token: `secret of ${id}`, principal, actor: {} });
  return { id: started.session.id, keys: { cookies: [started.cookie], pageKey: started.pageKey } };
};

describe('a session', () => {
  it('opens with its two secrets and gives the token back', async () => {
    const { sessions } = await newSessions();
    const { keys } = await start(sessions);
    expect(await sessions.open(keys)).toMatchObject({ token: 'secret of AAAAAAAA' });
  });

  it('survives a change of the secret, and one that began after it survives the end of the former secret', async () => {
    const [former, present] = [7, 8].map((fill) => new Uint8Array(32).fill(fill)) as [Uint8Array, Uint8Array];
    const { sessions, open } = await newSessions();
    const before = await start(sessions);
    const changed = open(present, former);
    const after = await start(changed);
    for (const { keys } of [before, after]) expect(await changed.open(keys)).toBeDefined();
    const dropped = open(present);
    expect(await dropped.open(before.keys)).toBeUndefined();
    expect(await dropped.open(after.keys)).toMatchObject({ token: 'secret of AAAAAAAA' });
  });

  it('ends when it is not used for 12 hours', async () => {
    const { sessions, time } = await newSessions();
    const { keys, id } = await start(sessions);
    time.now += 12 * HOUR - 1;
    expect(await sessions.open(keys)).toBeDefined();
    time.now += 12 * HOUR - 1;
    expect(await sessions.open(keys)).toBeDefined();
    time.now += 12 * HOUR;
    expect(await sessions.open(keys)).toBeUndefined();
    expect(await sessions.isOpen(id)).toBe(false);
    expect(await sessions.list('AAAAAAAA')).toEqual([]);
  });

  it('is not kept alive by a stream that it has open', async () => {
    const { sessions, time } = await newSessions();
    const { id } = await start(sessions);
    for (let hour = 0; hour < 12; hour += 1) {
      expect(await sessions.isOpen(id)).toBe(true);
      time.now += HOUR;
    }
    expect(await sessions.isOpen(id)).toBe(false);
  });

  it('ends after seven days, however much it is used', async () => {
    const { sessions, time } = await newSessions();
    const { keys } = await start(sessions);
    for (let hours = 0; hours < 7 * 24; hours += 6) {
      expect(await sessions.open(keys)).toBeDefined();
      time.now += 6 * HOUR;
    }
    expect(await sessions.open(keys)).toBeUndefined();
  });

  it('is denied here from the moment that it is ended, also when the log takes no entry', async () => {
    let isFull = false;
    const audit = async () => {
      if (isFull) throw new Error('the disk is full');
    };
    const { sessions } = await newSessions({ audit });
    const { id, keys } = await start(sessions);
    let heard = 0;
    sessions.onEnded(id, () => {
      heard += 1;
    });
    isFull = true;
    await expect(sessions.end(id, 'signed out', {})).rejects.toMatchObject({ code: 'AUTH_AUDIT_UNAVAILABLE' });
    expect([heard, await sessions.open(keys)]).toEqual([1, undefined]);
  });

  it('is not started when the log takes no entry', async () => {
    const { sessions } = await newSessions({ audit: () => Promise.reject(new Error('the disk is full')) });
    await expect(start(sessions)).rejects.toMatchObject({ code: 'AUTH_AUDIT_UNAVAILABLE' });
    expect(await sessions.list('AAAAAAAA')).toEqual([]);
  });

  it('takes the place of the one that was used the longest time ago, once a token has 32', async () => {
    const { sessions, time } = await newSessions();
    const first = await start(sessions);
    for (let count = 1; count < 33; count += 1) {
      time.now += 1000;
      await start(sessions);
    }
    const left = await sessions.list('AAAAAAAA');
    expect(left).toHaveLength(32);
    expect(left.map(({ id }) => id)).not.toContain(first.id);
  });

  it.each([{ cookies: [] }, { cookies: ['x'] }, { cookies: [`${'A'.repeat(22)}.${'A'.repeat(43)}`] }])(
    'is not found by %j',
    async ({ cookies }) => {
      const { sessions } = await newSessions();
      const { keys } = await start(sessions);
      expect(await sessions.open({ cookies, pageKey: keys.pageKey })).toBeUndefined();
    },
  );
});

describe('the sweep', () => {
  it('removes what has ended by time or with its token, and nothing else', async () => {
    const { sessions, store, time, ended } = await newSessions();
    await start(sessions, 'OLD00000');
    time.now += 12 * HOUR;
    await start(sessions, 'CHILD000', ['PARENT00']);
    const kept = await start(sessions, 'KEPT0000');
    ended.add('PARENT00');
    await sessions.sweep();
    expect((await store.all()).map(({ id }) => id)).toEqual([kept.id]);
  });
});
