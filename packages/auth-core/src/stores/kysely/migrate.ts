import { type Kysely, sql, type Transaction } from 'kysely';
import { type Clock, systemClock } from '../../clock.ts';
import { isPostgres } from './is-postgres.ts';
import { LIFT_END } from './long-transaction.ts';
import { namedTables } from './named-tables.ts';
import { readText } from './read-column.ts';
import type { StoreNames } from './store-names.ts';

/**
 * One step from one database schema to the next. It does not depend on the schema that later code expects. The tables
 * that it names have the schema and the prefix of `names` already, except in raw SQL.
 */
export type Migration = (database: Transaction<unknown>, names: StoreNames) => Promise<void>;

/** Migrations by name. They run in the order of their names, so begin them with a number. */
export type Migrations = Readonly<Record<string, Migration>>;

/** Where {@link migrate} makes tables, and the clock of its record. */
export interface MigrateOptions extends StoreNames {
  readonly clock?: Clock | undefined;
}

interface MigrationSchema {
  [table: string]: { name: string; applied_at: string };
}

/**
 * Brings a database up to date: runs the migrations that have not run yet, all of them or none.
 *
 * Safe when several processes start at once: one runs them, the others wait and find them done. Each part of a
 * program keeps its own record, in a table of its own name. The tables are made with the `schema` and the `prefix` that
 * the stores are given, too; plugins of the database are not used.
 *
 * @throws {Error} when the table names a migration that is not known here: the database belongs to a newer version
 * @example
 * ```ts
 * import { type Migrations, migrate } from '@latchkey/auth-core/stores/kysely';
 * import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
 *
 * const migrations: Migrations = {
 *   '0001-notes': async (database) => {
 *     await database.schema.createTable('notes').addColumn('text', 'text').execute();
 *   },
 * };
 * const database = openSqlite('/var/lib/my-server/state.db');
 * await migrate(database, migrations, 'my_server_migrations');
 * ```
 */
export async function migrate<Schema>(
  database: Kysely<Schema>,
  migrations: Migrations,
  table: string,
  { clock = systemClock, ...names }: MigrateOptions = {},
): Promise<void> {
  const own = namedTables<MigrationSchema>(database, names);
  const transaction = own.transaction();
  // With the snapshot of another isolation level, it would not see what it has waited for.
  const isolated = isPostgres(own) ? transaction.setIsolationLevel('read committed') : transaction;
  await isolated.execute(async (migrating) => {
    if (isPostgres(own)) await waitForTurn(migrating);
    await runPending(migrating, migrations, table, { clock, ...names });
  });
}

/** kysely's own id for the lock of migrations, which earlier versions have taken, too. */
const LOCK_ID = '3853314791062309107';

/**
 * Waits for the migrations of another process, and holds the lock until the transaction ends: behind a pooler, nothing
 * else is certain to be on the same session. SQLite's transactions need no lock, since each is the only one that writes.
 */
async function waitForTurn(transaction: Transaction<MigrationSchema>): Promise<void> {
  // This may take longer than a statement usually does, as a migration itself may.
  await sql.raw(LIFT_END).execute(transaction);
  await sql`set local lock_timeout = 0`.execute(transaction);
  await sql`select pg_advisory_xact_lock(${sql.raw(LOCK_ID)})`.execute(transaction);
}

async function runPending(
  transaction: Transaction<MigrationSchema>,
  migrations: Migrations,
  table: string,
  { clock, ...names }: MigrateOptions & { readonly clock: Clock },
): Promise<void> {
  await transaction.schema
    .createTable(table)
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('applied_at', 'text', (column) => column.notNull())
    .execute();
  const rows = await transaction.selectFrom(table).select('name').execute();
  const applied = new Set(rows.map((row) => readText(row, 'name')));
  const unknown = [...applied].find((name) => !Object.hasOwn(migrations, name));
  if (unknown !== undefined) {
    throw new Error(`The database has migration ${unknown}, which this version does not know. Start a newer version.`);
  }
  for (const [name, up] of Object.entries(migrations).sort(([left], [right]) => (left < right ? -1 : 1))) {
    if (applied.has(name)) continue;
    await up(transaction as unknown as Transaction<unknown>, names);
    await transaction.insertInto(table).values({ name, applied_at: clock().toISOString() }).execute();
  }
}
