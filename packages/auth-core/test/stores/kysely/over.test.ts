import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditLog, type Auth, createAuditLog, createAuth, createMemoryTokenStore } from '../../../src/index.ts';
import { createKyselyAuditStore, createKyselyTokenStore, over } from '../../../src/stores/kysely/index.ts';
import { openSqlite } from '../../../src/stores/sqlite/index.ts';
import { type SqlSetup, sqlPlaces } from '../../contract/places.ts';
import { FULL_GRANT, llm } from '../../words.ts';

interface HostSchema {
  users: { name: string };
}

const digestKey = new Uint8Array(32).fill(5);
const CHAT = { actions: ['chat'] } as const;
const NEVER = new Error('the host has changed its mind');

describe.each(await sqlPlaces())('auth inside a transaction of the host, on $name', ({ setUp }) => {
  let place: SqlSetup<Kysely<HostSchema>>;
  let database: Kysely<HostSchema>;
  let log: AuditLog;
  let auth: Auth;
  beforeEach(async () => {
    place = await setUp((opened) => opened as Kysely<HostSchema>);
    database = await place.open();
    await database.schema.createTable('users').addColumn('name', 'text').execute();
    log = createAuditLog({ store: createKyselyAuditStore(database), key: digestKey });
    auth = createAuth({
      vocabulary: llm,
      store: createKyselyTokenStore(database),
      digestKey,
      audit: log.record,
      cacheMilliseconds: 1000,
    });
  });
  afterEach(() => place.dispose());

  const types = async () => (await log.list()).map(({ type }) => type);

  it('makes a user and its first key together', async () => {
    const issued = await database.transaction().execute(async (transaction) => {
      await transaction.insertInto('users').values({ name: 'ada' }).execute();
      const inside = over(auth, transaction);
      const made = await inside.issue({ name: 'first', owner: 'ada', grant: CHAT }, auth.operator());
      expect(await inside.verify(made.token)).toMatchObject({ owner: 'ada' });
      return made;
    });
    expect(await auth.verify(issued.token)).toMatchObject({ owner: 'ada' });
    expect(await types()).toEqual(['token.issued']);
    expect(await log.verify()).toMatchObject({ intact: true });
  });

  it('leaves no trace when it is rolled back', async () => {
    const { token, record } = await auth.issue({ name: 'bot', grant: CHAT }, auth.operator());
    await auth.verify(token);
    const told: string[] = [];
    auth.onRevoked((id) => told.push(id));
    let made = '';
    const rolledBack = database.transaction().execute(async (transaction) => {
      const inside = over(auth, transaction);
      made = (await inside.issue({ name: 'first', grant: CHAT }, auth.operator())).token;
      await inside.edit(record.id, { name: 'renamed' }, auth.operator());
      await inside.revoke(record.id, auth.operator());
      await expect(inside.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
      throw Object.assign(NEVER, { inside });
    });
    const { inside } = (await rolledBack.catch((error: unknown) => error)) as { inside: ReturnType<typeof over> };
    expect(await inside.ended).toBe(false);
    expect(told).toEqual([]);
    const fresh = createAuth({ vocabulary: llm, store: createKyselyTokenStore(database), digestKey });
    for (const verify of [auth.verify, fresh.verify]) {
      expect(await verify(token)).toMatchObject({ name: 'bot' });
      await expect(verify(made)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
    }
    expect(await types()).toEqual(['token.issued']);
    await auth.issue({ name: 'next', grant: CHAT }, auth.operator());
    expect(await log.verify()).toMatchObject({ intact: true });
  });

  it('tells caches and listeners once it is committed, and not before', async () => {
    const { token, record } = await auth.issue({ name: 'bot', owner: 'ada', grant: FULL_GRANT }, auth.operator());
    const child = await auth.exchange({ name: 'child' }, await auth.verify(token));
    await auth.verify(child.token);
    const told: string[] = [];
    auth.onRevoked((id) => told.push(id));
    const inside = await database.transaction().execute(async (transaction) => {
      const within = over(auth, transaction);
      await within.revokeAll({ owner: 'ada' }, auth.operator());
      // It is not committed yet, and may never be.
      expect(await auth.verify(token)).toMatchObject({ id: record.id });
      expect(told).toEqual([]);
      return within;
    });
    expect(await inside.ended).toBe(true);
    expect(told.sort()).toEqual([record.id, child.record.id].sort());
    for (const text of [token, child.token]) {
      await expect(auth.verify(text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    }
    expect(await types()).toContain('tokens.revoked');
  });

  it('works in a transaction that the host ends itself', async () => {
    const transaction = await database.startTransaction().execute();
    const inside = over(auth, transaction);
    const { token } = await inside.issue({ name: 'first', grant: CHAT }, auth.operator());
    await transaction.commit().execute();
    expect(await inside.ended).toBe(true);
    expect(await auth.verify(token)).toMatchObject({ name: 'first' });
  });

  it('tells nothing of a part that the host has rolled back on its own', async () => {
    const { token, record } = await auth.issue({ name: 'bot', grant: CHAT }, auth.operator());
    const told: string[] = [];
    auth.onRevoked((id) => told.push(id));
    const transaction = await database.startTransaction().execute();
    const saved = await transaction.savepoint('before').execute();
    const inside = over(auth, saved);
    await inside.revoke(record.id, auth.operator());
    const back = await saved.rollbackToSavepoint('before').execute();
    await back.commit().execute();
    expect(await inside.ended).toBe(true);
    expect(told).toEqual([]);
    expect(await auth.verify(token)).toMatchObject({ name: 'bot' });
    expect(await types()).toEqual(['token.issued']);
  });

  it('corrects what it has recorded in another log, when it is rolled back', async () => {
    const events: [string, unknown][] = [];
    const apart = createAuth({
      vocabulary: llm,
      store: createKyselyTokenStore(database),
      digestKey,
      audit: async ({ type, details }) => void events.push([type, details?.made]),
    });
    const rolledBack = database.transaction().execute(async (transaction) => {
      const inside = over(apart, transaction);
      await inside.issue({ name: 'first', grant: CHAT }, apart.operator());
      throw Object.assign(NEVER, { inside });
    });
    const { inside } = (await rolledBack.catch((error: unknown) => error)) as { inside: ReturnType<typeof over> };
    await inside.ended;
    expect(events).toEqual([
      ['token.issued', undefined],
      ['token.issued', false],
    ]);
  });

  it('needs a transaction, and a store over kysely', async () => {
    expect(() => over(auth, database as never)).toThrow(/open transaction/);
    const inMemory = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey });
    await database.transaction().execute(async (transaction) => {
      expect(() => over(inMemory, transaction)).toThrow(/createKyselyTokenStore/);
    });
  });
});

describe('a write that could only wait for its own transaction, on SQLite', () => {
  it.each(['file', ':memory:'])('fails at once and says so: %s', async (kind) => {
    const { mkdtemp, rm } = await import('node:fs/promises');
    const folder = await mkdtemp('/tmp/latchkey-over-');
    const database = openSqlite<HostSchema>(kind === 'file' ? `${folder}/state.db` : kind);
    try {
      await sql`create table users (name text)`.execute(database);
      const began = performance.now();
      const waiting = database.transaction().execute(async (transaction) => {
        await transaction.insertInto('users').values({ name: 'ada' }).execute();
        await database.insertInto('users').values({ name: 'grace' }).execute();
      });
      await expect(waiting).rejects.toThrow(/inside of an open transaction/);
      expect(performance.now() - began).toBeLessThan(1000);
      const nested = database.transaction().execute(() => database.transaction().execute(async () => undefined));
      await expect(nested).rejects.toThrow(/inside of an open transaction/);
      // Nothing is left behind: others write on.
      await Promise.all(
        [1, 2].map((name) =>
          database
            .insertInto('users')
            .values({ name: `${name}` })
            .execute(),
        ),
      );
      expect(await database.selectFrom('users').selectAll().execute()).toHaveLength(2);
    } finally {
      await database.destroy();
      await rm(folder, { recursive: true });
    }
  });
});
