import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Migrations } from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { ServerError } from '../contracts/server-error.ts';

/** The table that records the secret with which the database is used. */
export interface SecretTables {
  secret_check: SecretCheckTable;
}

export interface SecretCheckTable {
  /** The id of the only row. */
  id: 'installation';
  /** A keyed digest that reveals nothing of its key. */
  digest: string;
}

/** Creates the table of `SecretTables`. A released migration is never changed. */
export const secretMigrations: Migrations = {
  '0004-secret-check': async (database) => {
    await database.schema
      .createTable('secret_check')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('digest', 'text', (column) => column.notNull())
      .execute();
  },
};

/**
 * Refuses a database that is used with another secret: no token would work with both, and the audit log would look
 * forged. Throws ServerError `CONFLICT`.
 */
export async function requireSameSecret(database: Kysely<SecretTables>, secret: Uint8Array): Promise<void> {
  await database
    .insertInto('secret_check')
    .values({ id: 'installation', digest: secretDigest(secret) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  await refuseOtherSecret(database, secret);
}

/** Does the same for a command that only reads: it does not record a secret in a database that has none. */
export async function refuseOtherSecret(database: Kysely<SecretTables>, secret: Uint8Array): Promise<void> {
  const row = await database.selectFrom('secret_check').select('digest').executeTakeFirst();
  const [kept, own] = [Buffer.from(row?.digest ?? secretDigest(secret)), Buffer.from(secretDigest(secret))];
  if (kept.length === own.length && timingSafeEqual(kept, own)) return;
  throw new ServerError(
    'CONFLICT',
    'This database is used with another secret, and none of its tokens would work with this one. Give every server ' +
      'on it the same LATCHKEY_SECRET, or restore secret.key in the data folder.',
    { param: 'database' },
  );
}

/** Returns the digest that a database stores for its secret. */
export function secretDigest(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('latchkey secret check').digest('hex');
}
