/*
 * The public API of @latchkey/auth-core/stores/postgres. Everything exported here is public.
 */
export { openPostgres } from './open-postgres.ts';
export { watchPostgresTokens } from './watch-postgres-tokens.ts';
