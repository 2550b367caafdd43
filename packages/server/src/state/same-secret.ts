import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Migrations } from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { ServerError } from '../contracts/server-error.ts';

/** The table that knows with which secret the database is used. */
export interface SecretTables {
  secret_check: SecretCheckTable;
}

export interface SecretCheckTable {
  /** There is one row, and this is its name. */
  id: 'installation';
  /** A keyed digest that shows nothing of its key. */
  digest: string;
}

/** What makes the table of `SecretTables`. A migration that was released is never changed. */
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
 * Refuses a database that is used with another secret: no token of the one would work at the other, and the audit log
 * would look forged. Throws ServerError `CONFLICT`.
 */
export async function requireSameSecret(database: Kysely<SecretTables>, secret: Uint8Array): Promise<void> {
  await database
    .insertInto('secret_check')
    .values({ id: 'installation', digest: secretDigest(secret) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  await refuseOtherSecret(database, secret);
}

/** The same for who only looks: a database that was never used with a secret stays so. */
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

/** By what a database knows its secret. */
export function secretDigest(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('latchkey secret check').digest('hex');
}
