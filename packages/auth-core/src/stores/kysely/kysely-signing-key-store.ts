import type { Kysely } from 'kysely';
import type { SigningKeyRecord, SigningKeyStore } from '../../jwt/signing-key-store.ts';
import { readInteger, readText } from './read-column.ts';
import type { SigningKeySchema } from './schema.ts';
import type { StoreNames } from './store-names.ts';
import { openTables } from './store-tables.ts';

/**
 * Keeps signing keys in the table `signing_keys` of a database that kysely speaks to; `tokenMigrations` creates the
 * table. Processes that share the database and the sealing key sign with the same keys.
 *
 * The caller owns the database: closing the store does not close it.
 *
 * @example
 * ```ts
 * import { createSealer } from '@latchkey/auth-core';
 * import { createSigningKeys } from '@latchkey/auth-core/jwt';
 * import { createKyselySigningKeyStore, migrate, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
 * import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
 *
 * const database = openSqlite('/var/lib/my-server/state.db');
 * await migrate(database, tokenMigrations, 'token_migrations');
 *
 * const sealer = createSealer(crypto.getRandomValues(new Uint8Array(32))); // keep the key, outside the database
 * export const keys = createSigningKeys({ store: createKyselySigningKeyStore(database), sealer });
 * ```
 */
export function createKyselySigningKeyStore<Schema>(database: Kysely<Schema>, names: StoreNames = {}): SigningKeyStore {
  const { open, close } = openTables<SigningKeySchema>(database, names, 'signing key store');

  return {
    database,
    async list(transaction) {
      const rows = await open(transaction).selectFrom('signing_keys').selectAll().orderBy('sequence').execute();
      return rows.map(toRecord);
    },
    async insert({ sequence, kid, sealed, createdAt }, transaction) {
      const inserted = await open(transaction)
        .insertInto('signing_keys')
        .values({ sequence, kid, sealed, created_at: createdAt })
        .onConflict((conflict) => conflict.column('sequence').doNothing())
        .returning('sequence')
        .execute();
      return inserted.length === 1;
    },
    async update({ sequence, kid, sealed }) {
      const updated = await open()
        .updateTable('signing_keys')
        .set({ sealed })
        .where('sequence', '=', sequence)
        .where('kid', '=', kid)
        .returning('sequence')
        .execute();
      return updated.length === 1;
    },
    async remove(sequences, transaction) {
      const opened = open(transaction);
      // An empty list is not valid SQL in every database.
      if (sequences.length > 0) await opened.deleteFrom('signing_keys').where('sequence', 'in', sequences).execute();
    },
    async close() {
      close();
    },
  };
}

function toRecord(row: object): SigningKeyRecord {
  return {
    sequence: readInteger(row, 'sequence'),
    kid: readText(row, 'kid'),
    sealed: readText(row, 'sealed'),
    createdAt: readText(row, 'created_at'),
  };
}
