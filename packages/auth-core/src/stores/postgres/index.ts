/*
 * The public API of @latchkey/auth-core/stores/postgres. Whatever is added here becomes API.
 */
export { openPostgres } from './open-postgres.ts';
export { watchPostgresTokens } from './watch-postgres-tokens.ts';
