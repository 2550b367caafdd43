import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Client } from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuth, type TokenStore } from '../../src/index.ts';
import { createKyselyTokenStore, migrate, tokenMigrations } from '../../src/stores/kysely/index.ts';
import { openPostgres } from '../../src/stores/postgres/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';
import { createTestDatabase } from '../postgres/test-database.ts';
import { FULL_GRANT, llm } from '../words.ts';

const digestKey = new Uint8Array(32).fill(7);
const postgres = await createTestDatabase();

/** An installation on a store, with an administrator who was just verified, and a token that is in use. */
async function installOn(store: TokenStore) {
  const auth = createAuth({ vocabulary: llm, store, digestKey });
  const operator = auth.operator();
  const admin = await auth.verify((await auth.issue({ name: 'admin', grant: FULL_GRANT }, operator)).token);
  const { token, record } = await auth.issue({ name: 'leaked', grant: { actions: ['chat'] } }, operator);
  await auth.verify(token);
  return { auth, admin, token, id: record.id };
}

const revoked = { code: 'AUTH_TOKEN_REVOKED' };

describe('a revocation on SQLite whose disk is full', () => {
  it('counts at once, and is stored when there is room again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-full-'));
    const database = openSqlite<{ filler: { text: string } }>(join(folder, 'state.db'));
    onTestFinished(async () => {
      await database.destroy();
      await rm(folder, { recursive: true });
    });
    await migrate(database, tokenMigrations, 'token_migrations');
    const store = createKyselyTokenStore(database);
    const { auth, admin, token, id } = await installOn(store);
    await sql`create table filler (text text)`.execute(database);
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database);
    await sql.raw(`pragma max_page_count = ${rows[0]?.page_count}`).execute(database);
    const fill = async () => {
      for (;;)
        await database
          .insertInto('filler')
          .values({ text: 'x'.repeat(500) })
          .execute();
    };
    await expect(fill()).rejects.toThrow(/full/);
    // And its own page: nothing can grow any more.
    const grow = async () => {
      for (let version = 1; ; version++) {
        const record = await store.find(id);
        if (record) await store.update({ ...record, notes: 'x'.repeat(16 * version), version: version + 1 }, version);
      }
    };
    await expect(grow()).rejects.toThrow(/full/);
    expect(await auth.revoke(id, admin)).toMatchObject({ id, stored: false });
    await expect(auth.verify(token)).rejects.toMatchObject(revoked);
    await sql.raw('pragma max_page_count = 100000').execute(database);
    await expect.poll(async () => (await auth.revoke(id, admin)).stored).toBe(true);
    await auth.close();
    const later = createAuth({ vocabulary: llm, store: createKyselyTokenStore(database), digestKey });
    await expect(later.verify(token)).rejects.toMatchObject(revoked);
  });
});

/** A way to the database that can be cut. */
async function openWay(url: string) {
  const { host, port, user, database, password } = new Client(url);
  const place = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const sockets = new Set<Socket>();
  const way = createServer((client) => {
    const server = connect(place);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.pipe(server).pipe(client);
  });
  const listen = (at: number) =>
    new Promise<number>((resolve) =>
      way.listen({ host: '127.0.0.1', port: at }, () => resolve((way.address() as { port: number }).port)),
    );
  const bound = await listen(0);
  const cut = () => {
    way.close();
    for (const socket of sockets) socket.destroy();
  };
  return { config: { host: '127.0.0.1', port: bound, user, database, password }, cut, mend: () => listen(bound) };
}

describe(`a revocation on ${postgres.name} that has stopped`, () => {
  it('counts at once, and is stored when the database is back', async () => {
    const way = await openWay(postgres.url);
    const database = openPostgres(way.config);
    onTestFinished(async () => {
      await database.destroy();
      way.cut();
      await postgres.clear();
    });
    await migrate(database, tokenMigrations, 'token_migrations');
    const { auth, admin, token, id } = await installOn(createKyselyTokenStore(database));
    const running = await auth.verify(token);
    way.cut();
    expect(await auth.revoke(id, admin)).toMatchObject({ id, stored: false });
    expect(auth.decide(running, { action: 'chat' }).allowed).toBe(false);
    await way.mend();
    await expect(auth.verify(token)).rejects.toMatchObject(revoked);
    await expect.poll(async () => (await auth.revoke(id, admin)).stored).toBe(true);
    await expect(auth.verify(token)).rejects.toMatchObject(revoked);
    await auth.close();
  });
});
