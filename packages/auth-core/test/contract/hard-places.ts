import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openPostgres, watchPostgresTokens } from '../../src/stores/postgres/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';
import { startProxy } from '../postgres/faulty-proxy.ts';
import { findPgbouncer, startPgbouncer } from '../postgres/pgbouncer-process.ts';
import { createTestDatabase } from '../postgres/test-database.ts';
import { startWriting } from '../stores/sqlite/writing-process.ts';
import { openEach, openIn, type SqlPlace } from './places.ts';

/** How long each piece of an answer is held back by the slow proxy. */
const SLOW_MILLISECONDS = 2;

/**
 * Places in which stores must do as well as in any: a file that another process writes to all the time, and PostgreSQL
 * behind poolers and behind a slow proxy, as far as this machine has them.
 */
export async function hardPlaces(): Promise<readonly SqlPlace[]> {
  const postgres = await createTestDatabase();
  const places = [besideAWriter()];
  if (!postgres.parallel) return places;
  const pgbouncer = findPgbouncer();
  for (const mode of pgbouncer === undefined ? [] : (['session', 'transaction'] as const)) {
    const pooler = await startPgbouncer(pgbouncer ?? '', mode, postgres.url);
    afterAll(() => pooler.stop());
    places.push(postgresAt(`PgBouncer in ${mode} mode`, pooler.through(postgres.url), postgres.clear));
  }
  const proxy = await startProxy(postgres.url);
  proxy.delay(SLOW_MILLISECONDS);
  afterAll(() => proxy.close());
  return [...places, postgresAt('PostgreSQL behind a slow proxy', proxy.url, postgres.clear)];
}

function postgresAt(name: string, url: string, clear: () => Promise<void>): SqlPlace {
  return {
    name,
    async setUp(create) {
      return {
        program: openIn('postgres', 'openPostgres', url),
        ...openEach(
          () => openPostgres(url),
          (database) => create(database, watchPostgresTokens(url), {}),
          clear,
        ),
      };
    },
  };
}

function besideAWriter(): SqlPlace {
  return {
    name: 'SQLite beside a process that writes',
    async setUp(create) {
      const folder = await mkdtemp(join(tmpdir(), 'latchkey-store-'));
      const file = join(folder, 'state.db');
      const writer = startWriting(file);
      await writer.nextLine();
      return {
        program: openIn('sqlite', 'openSqlite', file),
        ...openEach(
          () => openSqlite(file),
          (database) => create(database, undefined, {}),
          async () => {
            writer.kill();
            await rm(folder, { recursive: true, force: true });
          },
        ),
      };
    },
  };
}
