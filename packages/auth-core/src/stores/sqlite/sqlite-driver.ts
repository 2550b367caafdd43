import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  createQueryId,
  type DatabaseConnection,
  type Driver,
  IdentifierNode,
  type QueryCompiler,
  type QueryResult,
  RawNode,
  SqliteAdapter,
  SqliteDialect,
} from 'kysely';
import { createLeaveTurns, type LeaveTurns } from './leave-turns.ts';
import { refuseOwnWait } from './own-transactions.ts';
import type { RequireSameFile } from './same-file.ts';
import { whileBusy } from './while-busy.ts';
import { createWriteTurns, type WriteTurns } from './write-turns.ts';

/** The open connections to one database. */
export interface SqliteConnections {
  /** The one that writes; or, of a file that must not be written, what returns the present one. */
  readonly writer: DatabaseSync | (() => DatabaseSync);
  /** Reads beside the writer; undefined for a database in memory, which has one connection. */
  readonly openReader: (() => DatabaseSync) | undefined;
  /** What is still to be done before the first query, tried again while the file is busy. */
  readonly prepare: () => void;
  /** Called before each transaction and each write of its own; what it throws is their failure. */
  readonly requireSameFile: RequireSameFile;
}

/**
 * Speaks to SQLite with one connection that writes and one that reads: a read waits for no write, neither of this process
 * nor of another one, and a write that waits stops nothing else.
 */
export class TwoConnectionsDialect extends SqliteDialect {
  readonly #connections: SqliteConnections;

  constructor(connections: SqliteConnections) {
    // The driver below takes its place.
    super({ database: () => Promise.reject(new Error('there is no other driver')) });
    this.#connections = connections;
  }

  override createDriver(): Driver {
    return new TwoConnectionsDriver(this.#connections);
  }

  override createAdapter(): SqliteAdapter {
    return new SeveralSessionsAdapter();
  }
}

/** Sessions take turns where they write, and only there. */
class SeveralSessionsAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): true {
    return true;
  }
}

class TwoConnectionsDriver implements Driver {
  readonly #connections: SqliteConnections;
  readonly #turns = createWriteTurns();
  readonly #leaveTurns = createLeaveTurns();
  readonly #writer: PreparedDatabase;
  #reader: PreparedDatabase | undefined;
  #ready: Promise<void> | undefined;

  constructor(connections: SqliteConnections) {
    this.#connections = connections;
    this.#writer = new PreparedDatabase(connections.writer);
  }

  async init(): Promise<void> {
    const { prepare, openReader } = this.#connections;
    await whileBusy(prepare);
    if (openReader !== undefined) this.#reader ??= new PreparedDatabase(openReader());
  }

  async acquireConnection(): Promise<Session> {
    this.#ready ??= this.init();
    try {
      await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
    const { requireSameFile } = this.#connections;
    return new Session(this.#writer, this.#reader, this.#turns, this.#leaveTurns, requireSameFile);
  }

  beginTransaction(session: Session): Promise<void> {
    return session.begin();
  }

  async commitTransaction(session: Session): Promise<void> {
    this.#connections.requireSameFile();
    await session.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(session: Session): Promise<void> {
    session.rollback();
  }

  savepoint(session: Session, name: string, compile: QueryCompiler['compileQuery']): Promise<void> {
    return session.command('savepoint', name, compile);
  }

  rollbackToSavepoint(session: Session, name: string, compile: QueryCompiler['compileQuery']): Promise<void> {
    return session.command('rollback to', name, compile);
  }

  releaseSavepoint(session: Session, name: string, compile: QueryCompiler['compileQuery']): Promise<void> {
    return session.command('release', name, compile);
  }

  async releaseConnection(session: Session): Promise<void> {
    session.release();
  }

  async destroy(): Promise<void> {
    this.#reader?.close();
    this.#writer.close();
  }
}

/** What a query, a transaction or a `connection()` of kysely runs on. */
class Session implements DatabaseConnection {
  readonly #writer: PreparedDatabase;
  readonly #reader: PreparedDatabase | undefined;
  readonly #turns: WriteTurns;
  readonly #leaveTurns: LeaveTurns;
  readonly #requireSameFile: RequireSameFile;
  /** Ends the turn of the transaction that runs. */
  #endTurn: (() => void) | undefined;

  constructor(
    writer: PreparedDatabase,
    reader: PreparedDatabase | undefined,
    turns: WriteTurns,
    leaveTurns: LeaveTurns,
    requireSameFile: RequireSameFile,
  ) {
    this.#writer = writer;
    this.#reader = reader;
    this.#turns = turns;
    this.#leaveTurns = leaveTurns;
    this.#requireSameFile = requireSameFile;
  }

  /** Whether a transaction runs in it. */
  get isWriting(): boolean {
    return this.#endTurn !== undefined;
  }

  /** A transaction takes the write lock at its start: otherwise two of them could fail halfway. */
  async begin(): Promise<void> {
    refuseOwnWait(this);
    this.#endTurn = await this.#turns.take();
    await this.#leaveTurns(false);
    this.#requireSameFile();
    await whileBusy(() => this.#writer.run('begin immediate', []));
  }

  /** SQLite itself rolls back when a disk is full or fails: an error about that would hide the cause. */
  rollback(): void {
    this.#writer.endTransaction();
  }

  /** Ends the turn, and a transaction that could not be rolled back. */
  release(): void {
    if (this.#endTurn !== undefined) this.#writer.endTransaction();
    this.#endTurn?.();
    this.#endTurn = undefined;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { sql, parameters } = query;
    await this.#leaveTurns(this.isWriting);
    const reader = this.#readerOf(query);
    if (reader !== undefined) return whileBusy(() => reader.run<Row>(sql, parameters));
    if (this.#endTurn !== undefined) return this.#writer.run(sql, parameters);
    refuseOwnWait(this);
    const endTurn = await this.#turns.take();
    try {
      this.#requireSameFile();
      return await whileBusy(() => this.#writer.run<Row>(sql, parameters));
    } finally {
      endTurn();
    }
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    const database = this.#readerOf(query) ?? this.#writer;
    for (const row of database.iterate<Row>(query.sql, query.parameters)) yield { rows: [row] };
  }

  async command(command: string, name: string, compile: QueryCompiler['compileQuery']): Promise<void> {
    const node = RawNode.createWithChildren([RawNode.createWithSql(`${command} `), IdentifierNode.create(name)]);
    await this.executeQuery(compile(node, createQueryId()));
  }

  /** A transaction reads what it has written itself. */
  #readerOf({ sql, query }: CompiledQuery): PreparedDatabase | undefined {
    if (this.#endTurn !== undefined) return undefined;
    return query.kind === 'SelectQueryNode' || /^\s*select\b/i.test(sql) ? this.#reader : undefined;
  }
}

const CACHED_STATEMENTS = 200;

/** A connection whose statements are prepared once. */
class PreparedDatabase {
  readonly #current: () => DatabaseSync;
  /** What the statements were prepared on. */
  #prepared: DatabaseSync | undefined;
  readonly #statements = new Map<string, { readonly statement: StatementSync; readonly hasRows: boolean }>();

  constructor(database: DatabaseSync | (() => DatabaseSync)) {
    this.#current = typeof database === 'function' ? database : () => database;
  }

  run<Row>(sql: string, parameters: readonly unknown[]): QueryResult<Row> {
    const { statement, hasRows } = this.#prepare(sql);
    if (hasRows) return { rows: statement.all(...bind(parameters)) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...bind(parameters));
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  /** Not with a prepared statement that others use: running it again would break the iteration off. */
  iterate<Row>(sql: string, parameters: readonly unknown[]): Iterable<Row> {
    return this.#current()
      .prepare(sql)
      .iterate(...bind(parameters)) as Iterable<Row>;
  }

  endTransaction(): void {
    const database = this.#current();
    if (database.isOpen && database.isTransaction) database.exec('rollback');
  }

  close(): void {
    const database = this.#current();
    if (database.isOpen) database.close();
  }

  #prepare(sql: string) {
    const database = this.#current();
    if (database !== this.#prepared) this.#statements.clear();
    this.#prepared = database;
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= CACHED_STATEMENTS) this.#statements.clear();
    const statement = database.prepare(sql);
    const prepared = { statement, hasRows: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

/** `node:sqlite` itself rejects a value that SQLite cannot store. */
function bind(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[];
}
