import { type Kysely, sql } from 'kysely';

/** Whether a database is PostgreSQL rather than SQLite, whatever dialect speaks to it. */
export function isPostgres<Schema>(database: Kysely<Schema>): boolean {
  // Asked of the compiler: an adapter of another copy of kysely is no instance of this one's class.
  return sql`${0}`.compile(database).sql === '$1';
}
