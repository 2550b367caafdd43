import { Kysely } from 'kysely';
import { Pool, type PoolConfig } from 'pg';
import { BoundedDialect } from './bounded-dialect.ts';
import { boundPool } from './bounded-pool.ts';

/** The defaults of a connection. */
const DEFAULTS = {
  application_name: 'latchkey',
  max: 10,
  connectionTimeoutMillis: 5000,
  keepAlive: true,
} satisfies PoolConfig;

const STATEMENT_MILLISECONDS = 10_000;
/** A process that stops halfway through a transaction holds its locks no longer than this. */
const IDLE_TRANSACTION_MILLISECONDS = 10_000;
/** Longer than a statement may take: the database's own error says more. */
const ANSWER_MILLISECONDS = 15_000;

/**
 * Opens a PostgreSQL database through `pg` for kysely, with a pool of up to ten connections that are made when they
 * are needed.
 *
 * Takes a connection string or the options of `pg`'s pool, which override the defaults: five seconds to get a
 * connection, ten seconds for a statement, fifteen for its answer (`query_timeout`). A connection that has not answered
 * by then is cut; one that breaks fails only the query that runs on it. Both are replaced. The caller closes the database
 * with `destroy()`.
 *
 * The connection may lead through a pooler, in session or transaction mode: nothing relies on a session. There, only
 * the statements of transactions have an end in the database, too.
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
  // These are not parameters of the connection: a pooler refuses one that it does not know.
  const {
    statement_timeout = STATEMENT_MILLISECONDS,
    idle_in_transaction_session_timeout = IDLE_TRANSACTION_MILLISECONDS,
    query_timeout = ANSWER_MILLISECONDS,
    ...config
  }: PoolConfig = toConfig(connection);
  const bounds = {
    statement: Number(statement_timeout),
    idleTransaction: idle_in_transaction_session_timeout,
    answer: query_timeout,
  };
  const pool = new Pool({ ...DEFAULTS, ...config });
  // An error event without a listener ends the process. The caller of a query gets the error from the query itself.
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return new Kysely<Schema>({ dialect: new BoundedDialect({ pool: boundPool(pool, bounds) }, bounds) });
}

/** The connection options for `pg`. */
export function toConfig<Config>(connection: string | Config): Config | { readonly connectionString: string } {
  return typeof connection === 'string' ? { connectionString: connection } : connection;
}

function ignore(): void {}
