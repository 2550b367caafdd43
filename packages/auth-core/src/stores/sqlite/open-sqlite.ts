import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';

/** How long a write waits for another process's write before it fails. */
const BUSY_MILLISECONDS = 5000;
/** After how long a waiting transaction tries again. */
const TURN_MILLISECONDS = 2;
const CACHED_STATEMENTS = 200;
/** SQLite's name for a database in memory, which ends with its connection. */
const IN_MEMORY = ':memory:';

/**
 * Opens a SQLite file through `node:sqlite` for kysely, and creates it and its folder when there is none;
 * `:memory:` is a database that ends with the process.
 *
 * Several processes may share the file. Writes are on disk when they are acknowledged (`synchronous=FULL`), readers
 * do not wait for writers (WAL), foreign keys are enforced, and every transaction takes the write lock at its start, so
 * that two of them run one after the other instead of failing halfway. The caller closes it with `destroy()`.
 *
 * @throws {Error} SQLite's error, when the file cannot be opened or is not a database
 * @example
 * ```ts
 * import { createAuth } from '@latchkey/auth-core';
 * import { createKyselyTokenStore, migrate, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
 * import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
 *
 * const database = openSqlite('/var/lib/my-server/state.db');
 * await migrate(database, tokenMigrations, 'token_migrations');
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32)); // keep it, outside the database
 * export const auth = createAuth({ store: createKyselyTokenStore(database), digestKey });
 * ```
 */
export function openSqlite<Schema>(path: string): Kysely<Schema> {
  if (path !== IN_MEMORY) mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS, enableForeignKeyConstraints: true });
  try {
    enterWal(database);
    database.exec('pragma synchronous = full');
  } catch (error) {
    database.close();
    throw error;
  }
  return new Kysely<Schema>({ dialect: new NodeSqliteDialect(adaptDatabase(database)) });
}

/** Enabling WAL needs exclusive access to the file for a moment, and SQLite does not wait for that by itself. */
function enterWal(database: DatabaseSync): void {
  const until = Date.now() + BUSY_MILLISECONDS;
  for (;;) {
    try {
      database.exec('pragma journal_mode = wal');
      return;
    } catch (error) {
      if (Date.now() > until || !isBusy(error)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /locked|busy/.test(error.message);
}

class NodeSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver({ database: this.#database });
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const until = Date.now() + BUSY_MILLISECONDS;
    for (;;) {
      try {
        await beginAtOnce(connection);
        return;
      } catch (error) {
        if (Date.now() > until || !isBusy(error)) throw error;
      }
      await setTimeout(TURN_MILLISECONDS);
    }
  }
}

/**
 * SQLite's own waiting would block the whole process: forever, if this process holds the other transaction.
 */
async function beginAtOnce(connection: DatabaseConnection): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw('pragma busy_timeout = 0'));
  try {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  } finally {
    await connection.executeQuery(CompiledQuery.raw(`pragma busy_timeout = ${BUSY_MILLISECONDS}`));
  }
}

/** Adapts `node:sqlite` to the interface that kysely expects, with statements prepared once. */
function adaptDatabase(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      if (statements.size >= CACHED_STATEMENTS) statements.clear();
      const statement = adaptStatement(database.prepare(sql));
      statements.set(sql, statement);
      return statement;
    },
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...bind(parameters)),
    run: (parameters) => statement.run(...bind(parameters)),
    iterate: (parameters) => statement.iterate(...bind(parameters)),
  };
}

/** `node:sqlite` itself rejects a value that SQLite cannot store. */
function bind(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[];
}
