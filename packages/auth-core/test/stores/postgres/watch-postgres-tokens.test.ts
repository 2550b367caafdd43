import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Auth, createAuth, type TokenStore } from '../../../src/index.ts';
import { createKyselyTokenStore, migrate, tokenMigrations } from '../../../src/stores/kysely/index.ts';
import { openPostgres, watchPostgresTokens } from '../../../src/stores/postgres/index.ts';
import { fixedClock } from '../../../src/testing/index.ts';
import { createTestDatabase } from '../../postgres/test-database.ts';
import { llm } from '../../words.ts';

/** By these, PostgreSQL's clients find it. */
const DEFAULT_PORT = 5432;
const SOCKET = `.s.PGSQL.${DEFAULT_PORT}`;
const postgres = await createTestDatabase();
const digestKey = new Uint8Array(32).fill(1);
let database: Kysely<unknown>;

beforeEach(async () => {
  database = openPostgres(postgres.url);
  await migrate(database, tokenMigrations, 'token_migrations');
});

afterEach(async () => {
  await database.destroy();
  await postgres.clear();
});

function openStore(): TokenStore {
  return createKyselyTokenStore(database, { watch: watchPostgresTokens(postgres.url) });
}

/** The time stands still, so that nothing is looked up again because it has grown old. */
function openAuth(): Auth {
  return createAuth({ vocabulary: llm, store: openStore(), digestKey, clock: fixedClock() });
}

function noteIn(told: Set<string>): Parameters<NonNullable<TokenStore['watch']>>[0] {
  return async (changes) => {
    for (const { id } of changes) told.add(id);
  };
}

async function insertToken(id: string, connection = database): Promise<void> {
  await sql`insert into tokens (id, kind, name, digest, grant_json, owner, created_at, created_by, version)
    values (${id}, 'api-key', 'name', 'digest', '{}', 'ada', '', '', 1)`.execute(connection);
}

describe(`watching tokens on ${postgres.name}`, () => {
  it('ends a token at once in other processes, and tells whoever works with it', async () => {
    await using here = openAuth();
    await using elsewhere = openAuth();
    const told = new Set<string>();
    elsewhere.onRevoked((id) => told.add(id));
    async function revokeOne(): Promise<{ readonly id: string; readonly token: string }> {
      const { token, record } = await here.issue({ name: 'ci-bot', grant: { actions: ['chat'] } }, here.operator());
      await elsewhere.verify(token);
      await here.revoke(record.id, here.operator());
      return { id: record.id, token };
    }
    // Nobody says when the other one has begun to listen.
    await expect.poll(() => revokeOne().then(() => told.size)).toBeGreaterThan(0);
    const { id, token } = await revokeOne();
    await expect.poll(() => told.has(id)).toBe(true);
    await expect(elsewhere.verify(token)).rejects.toThrow(expect.objectContaining({ code: 'AUTH_TOKEN_REVOKED' }));
  });

  it('hears of what somebody changes by hand', async () => {
    const { promise: told, resolve } = Promise.withResolvers<string>();
    await insertToken('by hand');
    const stop = await openStore().watch?.(async (changes) => {
      for (const { id, ended } of changes) if (ended) resolve(id);
    });
    await sql`update tokens set revoked_at = '2027-01-01T00:00:00.000Z'`.execute(database);
    expect(await told).toBe('by hand');
    await stop?.();
  });

  it('hears of nothing that is taken back', async () => {
    const told: string[] = [];
    const stop = await openStore().watch?.(async (changes) => void told.push(...changes.map(({ id }) => id)));
    const failing = database.transaction().execute(async (transaction) => {
      await insertToken('taken back', transaction);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await insertToken('last');
    await expect.poll(() => told).toContain('last');
    expect(told).toEqual(['last']);
    await stop?.();
  });

  it.runIf(postgres.parallel)('listens again when its connection has broken', async () => {
    const told = new Set<string>();
    const stop = await openStore().watch?.(noteIn(told));
    const end = sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'latchkey (listening)' and datname = current_database()`;
    for (let round = 0; round < 2; round++) {
      expect((await end.execute(database)).rows).toHaveLength(1);
      let count = 0;
      await expect
        .poll(async () => {
          await insertToken(`round ${round} ${++count}`);
          return [...told].some((id) => id.startsWith(`round ${round}`));
        })
        .toBe(true);
    }
    await stop?.();
  });

  it('listens once a database answers that was away at first', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const url = new URL(postgres.url);
    const { hostname, port, searchParams } = url;
    const socketFolder = searchParams.get('host');
    // Nobody listens there yet; later it leads to the database.
    searchParams.set('host', folder);
    const door = createServer((socket) => {
      const database = socketFolder
        ? connect(join(socketFolder, SOCKET))
        : connect(Number(port || DEFAULT_PORT), hostname);
      socket.pipe(database).pipe(socket);
      for (const end of [socket, database]) end.on('error', () => undefined);
    });
    const told = new Set<string>();
    const stop = await watchPostgresTokens(url.href)(noteIn(told));
    door.listen(join(folder, SOCKET));
    let count = 0;
    await expect
      .poll(async () => {
        await insertToken(`later ${++count}`);
        return told.size;
      })
      .toBeGreaterThan(0);
    await stop();
    await promisify(door.close.bind(door))();
  });

  it('can be stopped while no database answers', async () => {
    const stop = await watchPostgresTokens('postgres://ada:s3cr3t@127.0.0.1:1/none')(async () => undefined);
    await stop();
  });

  it('leaves no connection behind', async () => {
    const stop = await openStore().watch?.(async () => undefined);
    await stop?.();
    const listening = sql<{ count: string }>`select count(*) from pg_stat_activity
      where application_name = 'latchkey (listening)' and datname = current_database()`;
    await expect.poll(async () => (await listening.execute(database)).rows).toEqual([{ count: '0' }]);
  });
});
