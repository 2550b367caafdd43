import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type TransactionSettings,
} from 'kysely';
import type { Bounds } from './bounded-pool.ts';

/** PostgreSQL's dialect, with transactions that set their own limits: they work behind a pooler of any mode. */
export class BoundedDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;
  readonly #bounds: Bounds;

  constructor(config: PostgresDialectConfig, bounds: Bounds) {
    super(config);
    this.#config = config;
    this.#bounds = bounds;
  }

  override createDriver(): Driver {
    return new BoundedDriver(this.#config, this.#bounds);
  }
}

class BoundedDriver extends PostgresDriver {
  readonly #bounds: Bounds;

  constructor(config: PostgresDialectConfig, bounds: Bounds) {
    super(config);
    this.#bounds = bounds;
  }

  /** Stores lock rows and then read them. A snapshot from before the lock would show old data, hence `read committed`. */
  override async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const { isolationLevel = 'read committed', accessMode } = settings;
    const { statement, idleTransaction } = this.#bounds;
    const begin = [
      `begin isolation level ${isolationLevel}${accessMode === undefined ? '' : ` ${accessMode}`}`,
      `set local statement_timeout = ${statement}`,
      `set local idle_in_transaction_session_timeout = ${idleTransaction}`,
    ];
    // All in one message, and so in one round trip.
    await connection.executeQuery(CompiledQuery.raw(begin.join('; ')));
  }
}
