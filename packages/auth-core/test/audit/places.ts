import { type Kysely, sql } from 'kysely';
import {
  type AuditCheckpoint,
  type AuditEntry,
  type AuditStore,
  createMemoryAuditStore,
  type SealedAuditHead,
} from '../../src/index.ts';
import { createKyselyAuditStore, migrate, tokenMigrations } from '../../src/stores/kysely/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';

/** What an audit store holds, for somebody who can change all of it. */
export interface Content {
  entries: AuditEntry[];
  head: SealedAuditHead | undefined;
  checkpoints: AuditCheckpoint[];
}

/** A store that holds, for whoever reads, what somebody has made of its content. */
export function createTamperedStore(store: AuditStore, tamper: (content: Content) => void): AuditStore {
  async function readContent(): Promise<Content> {
    const content = {
      entries: await store.read({ limit: 1e6 }),
      head: await store.head(),
      checkpoints: await store.checkpoints(),
    };
    tamper(content);
    return content;
  }
  return {
    ...createMemoryAuditStore(),
    async read({ after = Number.NEGATIVE_INFINITY, limit }) {
      const { entries } = await readContent();
      return entries
        .toSorted((left, right) => left.seq - right.seq)
        .filter(({ seq }) => seq > after)
        .slice(0, limit);
    },
    head: async () => (await readContent()).head,
    checkpoints: async () => (await readContent()).checkpoints,
  };
}

/** An audit store in a database of its own, and the way to do with it what SQL can. */
export async function openSqlStore() {
  const database: Kysely<unknown> = openSqlite(':memory:');
  await migrate(database, tokenMigrations, 'token_migrations');
  return {
    store: createKyselyAuditStore(database),
    run: async (...statements: readonly string[]) => {
      for (const statement of statements) await sql.raw(statement).execute(database);
    },
    close: () => database.destroy(),
  };
}
