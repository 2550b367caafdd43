/*
 * The public API of @latchkey/auth-core/stores/sqlite. Everything exported here is public.
 */
export { openSqlite, type SqliteOptions } from './open-sqlite.ts';
