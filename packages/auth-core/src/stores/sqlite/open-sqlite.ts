import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { OwnTransactions } from './own-transactions.ts';
import { openReadOnly } from './read-only-file.ts';
import { createSameFile } from './same-file.ts';
import { type SqliteConnections, TwoConnectionsDialect } from './sqlite-driver.ts';
import { isBusy } from './while-busy.ts';

/** SQLite's name for a database in memory, which ends with its connection. */
const IN_MEMORY = ':memory:';

/** How {@link openSqlite} opens a file. */
export interface SqliteOptions {
  /**
   * Only reads it, for a process that verifies tokens and may not write the file or its folder: each write fails. It is
   * not created, and nothing stores when tokens were last used.
   */
  readonly readOnly?: boolean;
}

/**
 * Opens a SQLite file through `node:sqlite` for kysely, and creates it and its folder when there is none;
 * `:memory:` is a database that ends with the process.
 *
 * Several processes may share the file. Writes are on disk when they are acknowledged (`synchronous=FULL`), foreign keys
 * are enforced, and every transaction takes the write lock at its start, so that two of them run one after the other
 * instead of failing halfway. Reads have a connection of their own and wait for no write (WAL). A write waits up to five
 * seconds for those of other processes; the process does other work meanwhile. A write that is made inside of an open
 * transaction, and not by it, could only wait for that transaction: it fails at once. So does a write after the file was
 * removed, moved or replaced: it would be acknowledged, and gone with the process. The caller closes it with `destroy()`.
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
export function openSqlite<Schema>(path: string, { readOnly = false }: SqliteOptions = {}): Kysely<Schema> {
  const inMemory = path === IN_MEMORY;
  if (readOnly) {
    if (inMemory) throw new TypeError('openSqlite: a database in memory cannot be opened with readOnly');
    return toKysely({
      writer: openReadOnly(path),
      prepare: () => undefined,
      openReader: undefined,
      requireSameFile: () => undefined,
    });
  }
  if (!inMemory) mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o700 });
  // SQLite's own waiting, by its timeout, would stop the whole process.
  const writer = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
  const prepare = (): void => writer.exec('pragma journal_mode = wal; pragma synchronous = full');
  try {
    prepare();
  } catch (error) {
    // WAL needs exclusive access to the file for a moment; the first query waits for that.
    if (!isBusy(error)) {
      writer.close();
      throw error;
    }
  }
  const openReader = (): DatabaseSync => new DatabaseSync(path, { timeout: 0, readOnly: true });
  return toKysely({
    writer,
    prepare,
    openReader: inMemory ? undefined : openReader,
    requireSameFile: inMemory ? () => undefined : createSameFile(path),
  });
}

function toKysely<Schema>(connections: SqliteConnections): Kysely<Schema> {
  const dialect = new TwoConnectionsDialect(connections);
  const driver = dialect.createDriver();
  // As kysely would make it, except for what gives out the connections.
  const executor = new Kysely<Schema>({ dialect }).getExecutor().withConnectionProvider(new OwnTransactions(driver));
  return new Kysely<Schema>({ config: { dialect }, dialect, driver, executor });
}
