import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { Client } from 'pg';
import { openPostgres } from '../../../src/stores/postgres/index.ts';
import { openSqlite } from '../../../src/stores/sqlite/index.ts';
import { createTestDatabase } from '../../postgres/test-database.ts';
import postgresFacts from './postgres.json' with { type: 'json' };
import sqliteFacts from './sqlite.json' with { type: 'json' };

/*
 * A database of each sort as version 0.1.0 wrote it, before tokens had metadata and grants had credits: a token of every kind, rotated
 * and revoked ones, derived ones, signing keys, counted limits, and an audit log. Made once with the code of that time; not to be made again.
 */

/** What was written into the database, and when. */
export type EarlierFacts = typeof sqliteFacts;

/** A copy of an earlier database. */
export interface EarlierPlace {
  readonly name: string;
  readonly facts: EarlierFacts;
  setUp(): Promise<{ open(): Kysely<unknown>; dispose(): Promise<void> }>;
}

const file = (name: string): URL => new URL(`./${name}`, import.meta.url);

export async function earlierPlaces(): Promise<readonly EarlierPlace[]> {
  const postgres = await createTestDatabase();
  return [
    {
      name: 'SQLite',
      facts: sqliteFacts,
      async setUp() {
        const folder = await mkdtemp(join(tmpdir(), 'latchkey-earlier-'));
        const copy = join(folder, 'state.db');
        await copyFile(file('state.db'), copy);
        return { open: () => openSqlite(copy), dispose: () => rm(folder, { recursive: true }) };
      },
    },
    {
      name: postgres.name,
      facts: postgresFacts,
      async setUp() {
        const client = new Client({ connectionString: postgres.url });
        await client.connect();
        await client.query(await readFile(file('postgres.sql'), 'utf8')).finally(() => client.end());
        return { open: () => openPostgres(postgres.url), dispose: postgres.clear };
      },
    },
  ];
}
