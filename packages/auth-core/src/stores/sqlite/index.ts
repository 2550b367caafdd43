/*
 * The public API of @latchkey/auth-core/stores/sqlite. Everything exported here is public.
 */
export { openSqlite } from './open-sqlite.ts';
