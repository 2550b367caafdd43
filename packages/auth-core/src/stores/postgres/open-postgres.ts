import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { Pool, type PoolConfig } from 'pg';

/**
 * What holds where the connection says nothing else. Whatever waits, waits a bounded time: a store that does not
 * answer denies.
 */
const DEFAULTS: PoolConfig = {
  application_name: 'latchkey',
  max: 10,
  connectionTimeoutMillis: 5000,
  statement_timeout: 10_000,
  // Who stops halfway holds his locks no longer than this.
  idle_in_transaction_session_timeout: 10_000,
  keepAlive: true,
};

/**
 * Opens a PostgreSQL database through `pg` for kysely, with a pool of up to ten connections that are made when they
 * are needed.
 *
 * Takes a connection string or the options of `pg`'s pool, which may say otherwise: five seconds to get a connection,
 * ten seconds for a statement. A connection that breaks fails what runs on it and nothing else; the next one is new.
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
  // An error that nobody listens to ends the process. Whoever uses the connection is told by his query.
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool, onCreateConnection: seeEachOther }) });
}

/** What `pg` is to connect with. */
export function toConfig<Config>(connection: string | Config): Config | { readonly connectionString: string } {
  return typeof connection === 'string' ? { connectionString: connection } : connection;
}

/** Stores lock rows and then read what is there; a snapshot from before the lock would show them the past. */
async function seeEachOther(connection: { executeQuery(query: CompiledQuery): Promise<unknown> }): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw("set default_transaction_isolation = 'read committed'"));
}

function ignore(): void {}
