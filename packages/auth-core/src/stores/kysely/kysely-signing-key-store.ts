import type { Kysely, Transaction } from 'kysely';
import type { SigningKeyStore } from '../../jwt/signing-key-store.ts';
import type { SigningKeySchema } from './schema.ts';

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
export function createKyselySigningKeyStore<Schema>(database: Kysely<Schema>): SigningKeyStore {
  // A server's own schema need not declare this table; the migrations create it.
  const tables = database as unknown as Kysely<SigningKeySchema>;
  let closed = false;

  function open(transaction?: unknown): Kysely<SigningKeySchema> {
    if (closed) throw new Error('the signing key store is closed');
    // The transaction belongs to this database; see `SigningKeyStore.database`.
    return transaction === undefined ? tables : (transaction as Transaction<SigningKeySchema>);
  }

  return {
    database,
    async list(transaction) {
      const rows = await open(transaction).selectFrom('signing_keys').selectAll().orderBy('sequence').execute();
      return rows.map(({ sequence, kid, sealed, created_at: createdAt }) => ({ sequence, kid, sealed, createdAt }));
    },
    async insert({ sequence, kid, sealed, createdAt }, transaction) {
      const { numInsertedOrUpdatedRows } = await open(transaction)
        .insertInto('signing_keys')
        .values({ sequence, kid, sealed, created_at: createdAt })
        .onConflict((conflict) => conflict.column('sequence').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
    async remove(sequences, transaction) {
      const opened = open(transaction);
      // An empty list is not valid SQL in every database.
      if (sequences.length > 0) await opened.deleteFrom('signing_keys').where('sequence', 'in', sequences).execute();
    },
    async close() {
      closed = true;
    },
  };
}
