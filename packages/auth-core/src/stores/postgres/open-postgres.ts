import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { Pool, type PoolConfig } from 'pg';

/**
 * The defaults of a connection. Every wait is bounded: when the store does not answer, requests are denied.
 */
const DEFAULTS: PoolConfig = {
  application_name: 'latchkey',
  max: 10,
  connectionTimeoutMillis: 5000,
  statement_timeout: 10_000,
  // A process that stops halfway through a transaction holds its locks no longer than this.
  idle_in_transaction_session_timeout: 10_000,
  keepAlive: true,
};

/**
 * Opens a PostgreSQL database through `pg` for kysely, with a pool of up to ten connections that are made when they
 * are needed.
 *
 * Takes a connection string or the options of `pg`'s pool, which override the defaults: five seconds to get a
 * connection, ten seconds for a statement. A broken connection fails only the query that runs on it, and is replaced.
 * The caller closes the database with `destroy()`. Connections must keep their session between transactions: a
 * pooler between them and the database has to run in session mode.
 *
 * @example
 * ```ts
 * import { createAuth } from '@latchkey/auth-core';
 * import { createKyselyTokenStore, migrate, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
 * import { openPostgres, watchPostgresTokens } from '@latchkey/auth-core/stores/postgres';
 *
 * const connection = 'postgres://latchkey@db.example.com/latchkey';
 * const database = openPostgres(connection);
 * await migrate(database, tokenMigrations, 'token_migrations');
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32)); // keep it, outside the database
 * export const auth = createAuth({
 *   store: createKyselyTokenStore(database, { watch: watchPostgresTokens(connection) }),
 *   digestKey,
 * });
 * ```
 */
export function openPostgres<Schema>(connection: string | PoolConfig): Kysely<Schema> {
  const pool = new Pool({ ...DEFAULTS, ...toConfig(connection) });
  // An error event without a listener ends the process. The caller of a query gets the error from the query itself.
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool, onCreateConnection: seeEachOther }) });
}

/** The connection options for `pg`. */
export function toConfig<Config>(connection: string | Config): Config | { readonly connectionString: string } {
  return typeof connection === 'string' ? { connectionString: connection } : connection;
}

/** Stores lock rows and then read them. A snapshot from before the lock would show old data, hence `read committed`. */
async function seeEachOther(connection: { executeQuery(query: CompiledQuery): Promise<unknown> }): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw("set default_transaction_isolation = 'read committed'"));
}

function ignore(): void {}
