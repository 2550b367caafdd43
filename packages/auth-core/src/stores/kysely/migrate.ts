import { type Kysely, sql, type Transaction } from 'kysely';
import { isPostgres } from './is-postgres.ts';

/** One step from one database schema to the next. It does not depend on the schema that later code expects. */
export type Migration = (database: Transaction<unknown>) => Promise<void>;

/** Migrations by name. They run in the order of their names, so begin them with a number. */
export type Migrations = Readonly<Record<string, Migration>>;

interface MigrationSchema {
  [table: string]: { name: string; applied_at: string };
}

/**
 * Brings a database up to date: runs the migrations that have not run yet, all of them or none.
 *
 * Safe when several processes start at once: one runs them, the others wait and find them done. Each part of a
 * program keeps its own record, in a table of its own name.
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
  now: () => Date = () => new Date(),
): Promise<void> {
  // Its own table is not part of the caller's schema.
  const own = database as unknown as Kysely<MigrationSchema>;
  await own.connection().execute(async (connection) => {
    const { adapter } = connection.getExecutor();
    const lock = { lockTable: table, lockRowId: table };
    // Waiting for another process's migrations may take longer than the usual statement timeout.
    if (isPostgres(connection)) await sql`set statement_timeout = 0`.execute(connection);
    try {
      await adapter.acquireMigrationLock(connection, lock);
      try {
        await connection.transaction().execute((transaction) => runPending(transaction, migrations, table, now));
      } finally {
        await adapter.releaseMigrationLock(connection, lock);
      }
    } finally {
      if (isPostgres(connection)) await sql`reset statement_timeout`.execute(connection);
    }
  });
}

async function runPending(
  transaction: Transaction<MigrationSchema>,
  migrations: Migrations,
  table: string,
  now: () => Date,
): Promise<void> {
  await transaction.schema
    .createTable(table)
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('applied_at', 'text', (column) => column.notNull())
    .execute();
  const rows = await transaction.selectFrom(table).select('name').execute();
  const applied = new Set(rows.map(({ name }) => name));
  const unknown = [...applied].find((name) => !Object.hasOwn(migrations, name));
  if (unknown !== undefined) {
    throw new Error(`The database has migration ${unknown}, which this version does not know. Start a newer version.`);
  }
  for (const [name, up] of Object.entries(migrations).sort(([left], [right]) => (left < right ? -1 : 1))) {
    if (applied.has(name)) continue;
    await up(transaction as unknown as Transaction<unknown>);
    await transaction.insertInto(table).values({ name, applied_at: now().toISOString() }).execute();
  }
}
