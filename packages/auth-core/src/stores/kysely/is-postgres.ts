import { type Kysely, PostgresAdapter } from 'kysely';

/** Whether a database is PostgreSQL rather than SQLite. */
export function isPostgres<Schema>(database: Kysely<Schema>): boolean {
  return database.getExecutor().adapter instanceof PostgresAdapter;
}
