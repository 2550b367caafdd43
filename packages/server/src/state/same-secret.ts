import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Migrations } from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { ServerError } from '../contracts/server-error.ts';
import type { Secrets } from './secrets.ts';

/** The table that records the secret with which the database is used. */
export interface SecretTables {
  secret_check: SecretCheckTable;
}

export interface SecretCheckTable {
  /** The id of the only row. */
  id: 'installation';
  /** A keyed digest for each secret, the newest last; it reveals nothing of the secret. */
  digest: string;
  /** The name of the installation; null until a server has recorded it. */
  name: string | null;
}

const ROW = 'installation';

/** Creates the table of `SecretTables`. A released migration is never changed. */
export const secretMigrations: Migrations = {
  '0004-secret-check': async (database) => {
    await database.schema
      .createTable('secret_check')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('digest', 'text', (column) => column.notNull())
      .execute();
  },
  '0021-installation-name': async (database) => {
    await database.schema.alterTable('secret_check').addColumn('name', 'text').execute();
  },
};

/**
 * Refuses a database that is used with a secret that is not among these: no token would work with both, and the audit
 * log would look forged. Records the present secret beside the ones before it. Throws ServerError `CONFLICT`.
 */
export async function requireSameSecret(database: Kysely<SecretTables>, secrets: Secrets): Promise<void> {
  const own = secretDigest(secrets[0]);
  await database
    .insertInto('secret_check')
    .values({ id: ROW, digest: own })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  for (let recorded = await readDigests(database, secrets); !recorded.includes(own); ) {
    const before = recorded.join(' ');
    await database
      .updateTable('secret_check')
      .set({ digest: `${before} ${own}` })
      .where('id', '=', ROW)
      .where('digest', '=', before)
      .execute();
    recorded = await readDigests(database, secrets);
  }
}

/** Does the same for a command that only reads: it records no secret. */
export async function refuseOtherSecret(database: Kysely<SecretTables>, secrets: Secrets): Promise<void> {
  await readDigests(database, secrets);
}

/** Records that the database is used with the present secret alone. */
export async function forgetFormerSecrets(database: Kysely<SecretTables>, secrets: Secrets): Promise<void> {
  const digest = secretDigest(secrets[0]);
  await database.updateTable('secret_check').set({ digest }).where('id', '=', ROW).execute();
}

async function readDigests(database: Kysely<SecretTables>, secrets: Secrets): Promise<readonly string[]> {
  const row = await database.selectFrom('secret_check').select('digest').executeTakeFirst();
  if (row === undefined || hasSecretsOf(row.digest, secrets)) return row?.digest.split(' ') ?? [];
  throw new ServerError(
    'CONFLICT',
    'This database is used with another secret, and none of its tokens would work with this one. Give every server ' +
      'on it the same LATCHKEY_SECRET, or restore secret.key in the data folder. If this secret is the new one, name ' +
      'the one before it in LATCHKEY_SECRET_FORMER.',
    { param: 'database' },
  );
}

/** Whether all secrets that a database has recorded are among these. */
export function hasSecretsOf(recorded: string, secrets: Secrets): boolean {
  const own = secrets.map((secret) => Buffer.from(secretDigest(secret)));
  return recorded
    .split(' ')
    .map((text) => Buffer.from(text))
    .every((bytes) => own.map((one) => one.length === bytes.length && timingSafeEqual(one, bytes)).includes(true));
}

/**
 * The one of these secrets that the database was used with first and still is, in whatever order they are given. What
 * must stay the same while a secret is changed follows from it.
 */
export async function findOldestSecret(database: Kysely<SecretTables>, secrets: Secrets): Promise<Uint8Array> {
  const [first] = await readDigests(database, secrets);
  const oldest = first === undefined ? secrets.at(-1) : secrets.find((secret) => hasSecretsOf(first, [secret]));
  return oldest ?? secrets[0];
}

/**
 * The name of the issuer of access tokens when no URL is configured. It is the same for all servers on a database, and
 * stays when the secret is changed. Without a record, it follows from the oldest secret.
 */
export async function nameInstallation(database: Kysely<SecretTables>, secrets: Secrets): Promise<string> {
  const name = deriveName(await findOldestSecret(database, secrets));
  await database.updateTable('secret_check').set({ name }).where('id', '=', ROW).where('name', 'is', null).execute();
  const row = await database.selectFrom('secret_check').select('name').executeTakeFirst();
  return row?.name ?? name;
}

function deriveName(secret: Uint8Array): string {
  return `urn:latchkey:${createHmac('sha256', secret).update('name of the installation').digest('hex').slice(0, 32)}`;
}

/** Returns the digest that a database stores for a secret. */
function secretDigest(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('latchkey secret check').digest('hex');
}
