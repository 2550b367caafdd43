import type {
  CompiledQuery,
  DatabaseConnection,
  DatabaseIntrospector,
  Dialect,
  DialectAdapter,
  Driver,
  Kysely,
  QueryCompiler,
  QueryResult,
  TransactionSettings,
} from 'kysely';
import type { Faults } from './faults.ts';

/** A dialect in which each statement, and each begin and commit, is a step that may fail. */
export class FaultyDialect implements Dialect {
  readonly #dialect: Dialect;
  readonly #faults: Faults;

  constructor(dialect: Dialect, faults: Faults) {
    this.#dialect = dialect;
    this.#faults = faults;
  }

  createDriver(): Driver {
    return new FaultyDriver(this.#dialect.createDriver(), this.#faults);
  }

  createQueryCompiler(): QueryCompiler {
    return this.#dialect.createQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return this.#dialect.createAdapter();
  }

  createIntrospector(database: Kysely<unknown>): DatabaseIntrospector {
    return this.#dialect.createIntrospector(database);
  }
}

class FaultyConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly #faults: Faults;

  constructor(inner: DatabaseConnection, faults: Faults) {
    this.inner = inner;
    this.#faults = faults;
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.#faults.step(() => this.inner.executeQuery<Row>(query, {}));
  }

  streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    return this.inner.streamQuery<Row>(query, undefined as never);
  }
}

class FaultyDriver implements Driver {
  readonly #driver: Driver;
  readonly #faults: Faults;

  constructor(driver: Driver, faults: Faults) {
    this.#driver = driver;
    this.#faults = faults;
  }

  init(): Promise<void> {
    return this.#driver.init();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return new FaultyConnection(await this.#driver.acquireConnection(), this.#faults);
  }

  async beginTransaction(connection: FaultyConnection, settings: TransactionSettings): Promise<void> {
    try {
      await this.#faults.step(() => this.#driver.beginTransaction(connection.inner, settings));
    } catch (error) {
      // A real connection would be broken now, and its transaction with it.
      await this.rollbackTransaction(connection);
      throw error;
    }
  }

  commitTransaction(connection: FaultyConnection): Promise<void> {
    return this.#faults.step(() => this.#driver.commitTransaction(connection.inner));
  }

  /** After a commit whose answer was lost there is nothing to roll back; the database says so. */
  async rollbackTransaction(connection: FaultyConnection): Promise<void> {
    await this.#driver.rollbackTransaction(connection.inner).catch(() => undefined);
  }

  releaseConnection(connection: FaultyConnection): Promise<void> {
    return this.#driver.releaseConnection(connection.inner);
  }

  destroy(): Promise<void> {
    return this.#driver.destroy();
  }
}
