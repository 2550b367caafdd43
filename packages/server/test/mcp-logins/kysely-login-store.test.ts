import { createSealer } from '@latchkey/auth-core';
import type { StoredLogin } from '@latchkey/mcp-bridge';
import { type Kysely, sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createKyselyLoginStore, type KyselyLoginStoreOptions } from '../../src/mcp-logins/kysely-login-store.ts';
import type { LoginTables } from '../../src/mcp-logins/schema.ts';
import { openDatabase } from '../../src/state/database.ts';
import { openLoginTables } from '../scripted/databases.ts';
import { createPostgresDatabase } from '../scripted/postgres-database.ts';

const postgres = await createPostgresDatabase();

async function openOnPostgres(): Promise<Kysely<LoginTables>> {
  const owner = new AsyncDisposableStack();
  const { logins } = await openDatabase(postgres.url, owner);
  await sql`delete from mcp_login`.execute(logins);
  await sql`delete from mcp_login_attempt`.execute(logins);
  onTestFinished(() => owner.disposeAsync());
  return logins;
}

const key = new Uint8Array(32).fill(1);
const now = new Date('2026-11-29T12:00:00Z');
const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
const options: KyselyLoginStoreOptions = {
  sealer: createSealer(key),
  clock: () => now,
  hasEnded: async ([id]) => id === 'ended',
};
const login = { server: 'mcp/notes', account: 'mara', madeBy: 'token', document: 'the secret canary' };

describe.each([
  { name: 'SQLite', open: openLoginTables },
  { name: postgres.name, open: openOnPostgres },
])('logins stored in $name', ({ open }) => {
  const opened = async () => {
    const db = await open();
    const store = createKyselyLoginStore(db, options);
    await store.put(login);
    const found = async (): Promise<StoredLogin> => {
      const one = await store.find('mcp/notes', 'mara');
      if (one === undefined) throw new Error('there is a login');
      return one;
    };
    return { db, store, found };
  };

  it('are sealed, each for its server and account', async () => {
    const { db, store, found } = await opened();
    expect(await found()).toMatchObject(login);
    const rows = await db.selectFrom('mcp_login').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain('canary');
    await db.updateTable('mcp_login').set({ account: 'noor' }).execute();
    expect(await store.find('mcp/notes', 'noor')).toBeUndefined();
  });

  it('are not opened with another key', async () => {
    const { db } = await opened();
    const other = createKyselyLoginStore(db, { ...options, sealer: createSealer(new Uint8Array(32).fill(2)) });
    expect(await other.find('mcp/notes', 'mara')).toBeUndefined();
  });

  it('end with the token that made them', async () => {
    const { store, db } = await opened();
    await store.put({ ...login, madeBy: 'ended' });
    expect(await store.find('mcp/notes', 'mara')).toBeUndefined();
    await store.sweep();
    expect(await db.selectFrom('mcp_login').selectAll().execute()).toEqual([]);
  });

  it('are changed on the version that was read, and by one', async () => {
    const { store, found } = await opened();
    const first = await found();
    const changes = ['one', 'two'].map((document) => store.update({ ...first, document }));
    expect((await Promise.all(changes)).toSorted()).toEqual([false, true]);
    await store.put(login);
    expect(await store.update(first)).toBe(false);
    expect((await found()).document).toBe(login.document);
  });

  it('that were removed are not brought back by a change that began before', async () => {
    const { store, found } = await opened();
    const first = await found();
    expect(await store.remove('mcp/notes', 'mara')).toMatchObject(login);
    expect(await store.remove('mcp/notes', 'mara')).toBeUndefined();
    await store.put(login);
    expect(await store.update({ ...first, document: 'old' })).toBe(false);
  });

  it('are renewed by one process at a time', async () => {
    const { store, found } = await opened();
    const first = await found();
    const claims = [store.claim(first, now, later(30)), store.claim(first, now, later(30))];
    expect((await Promise.all(claims)).toSorted()).toEqual([false, true]);
    expect(await store.claim(first, later(31), later(60))).toBe(true);
    await store.update(first);
    expect(await store.claim(first, later(99), later(120))).toBe(false);
    expect(await store.claim(await found(), now, later(30))).toBe(true);
  });

  it('are begun for a while, sealed, and used once', async () => {
    const { store, db } = await opened();
    await store.begin({ ...login, id: 'attempt', expiresAt: later(600) });
    expect(JSON.stringify(await db.selectFrom('mcp_login_attempt').selectAll().execute())).not.toContain('canary');
    expect(await store.attempt('attempt', now)).toMatchObject({ ...login, id: 'attempt' });
    expect(await store.attempt('attempt', later(600))).toBeUndefined();
    expect((await Promise.all([store.end('attempt'), store.end('attempt')])).toSorted()).toEqual([false, true]);
    expect(await store.attempt('attempt', now)).toBeUndefined();
  });

  it('are sealed again with the present key, so that the former one can be dropped', async () => {
    const { db } = await opened();
    const present = new Uint8Array(32).fill(3);
    await createKyselyLoginStore(db, { ...options, sealer: createSealer([present, key]) }).sweep();
    const after = createKyselyLoginStore(db, { ...options, sealer: createSealer(present) });
    expect(await after.find('mcp/notes', 'mara')).toMatchObject(login);
  });
});
