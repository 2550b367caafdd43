import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { describe, it } from 'vitest';
import { createMemoryTokenStore } from '../../src/store/memory-store.ts';
import { createKyselyTokenStore, migrate, openSqlite, tokenMigrations } from '../../src/stores/kysely/index.ts';
import { type TokenStoreSetup, tokenStoreContract } from '../../src/testing/index.ts';

async function setUpMemory(): Promise<TokenStoreSetup> {
  const store = createMemoryTokenStore();
  return { open: async () => store, dispose: () => store.close() };
}

async function setUpSqlite(): Promise<TokenStoreSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-tokens-'));
  const databases: Kysely<unknown>[] = [];
  return {
    async open() {
      const database = openSqlite(join(folder, 'state.db'));
      databases.push(database);
      await migrate(database, tokenMigrations, 'token_migrations');
      return createKyselyTokenStore(database);
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
])('a token store in $name', ({ setUp }) => {
  for (const { name, run } of tokenStoreContract(setUp)) it(name, run);
});
