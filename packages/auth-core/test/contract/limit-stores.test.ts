import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { describe, it } from 'vitest';
import { createMemoryLimitStore } from '../../src/index.ts';
import { createKyselyLimitStore, migrate, openSqlite, tokenMigrations } from '../../src/stores/kysely/index.ts';
import { type LimitStoreSetup, limitStoreContract } from '../../src/testing/index.ts';

async function setUpMemory(): Promise<LimitStoreSetup> {
  const store = createMemoryLimitStore();
  return { open: async () => store, dispose: () => store.close() };
}

async function setUpSqlite(): Promise<LimitStoreSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-limits-'));
  const databases: Kysely<unknown>[] = [];
  return {
    async open() {
      const database = openSqlite(join(folder, 'state.db'));
      databases.push(database);
      await migrate(database, tokenMigrations, 'token_migrations');
      return createKyselyLimitStore(database);
    },
    async dispose() {
      for (const database of databases) await database.destroy();
      await rm(folder, { recursive: true });
    },
  };
}

describe.each([
  { name: 'memory', setUp: setUpMemory },
  { name: 'SQLite', setUp: setUpSqlite },
])('a limit store in $name', ({ setUp }) => {
  for (const { name, run } of limitStoreContract(setUp)) it(name, run);
});
