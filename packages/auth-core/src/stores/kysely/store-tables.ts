import type { Kysely } from 'kysely';
import { inTurn, sameTransaction } from './host-turns.ts';
import { isPostgres } from './is-postgres.ts';
import { namedTables } from './named-tables.ts';
import { retryConflicts } from './retry-conflicts.ts';
import type { StoreNames } from './store-names.ts';

/** The tables of a store, as long as it is open. */
export interface StoreTables<Schema> {
  /** The tables, as a transaction sees them where one is given. @throws {Error} when the store is closed */
  open(transaction?: unknown): Kysely<Schema>;
  /**
   * Runs in a transaction of its own, which is run again when the database aborted it because of a conflict; or in the
   * given one, or that of the host, where no two acts run at once.
   */
  transact<Result>(run: (tables: Kysely<Schema>) => Promise<Result>, transaction?: unknown): Promise<Result>;
  close(): void;
}

/** Opens the tables of a store in a host's database, or in a transaction of it. */
export function openTables<Schema>(database: object, names: StoreNames, store: string): StoreTables<Schema> {
  const tables = namedTables<Schema>(database, names);
  const isolated = isPostgres(tables);
  let closed = false;

  function open(transaction?: unknown): Kysely<Schema> {
    if (closed) throw new Error(`the ${store} is closed`);
    if (transaction === undefined) return tables;
    const view = namedTables<Schema>(transaction as object, names);
    sameTransaction(view, transaction as object);
    return view;
  }

  return {
    open,
    async transact(run, transaction) {
      const opened = open(transaction);
      if (opened.isTransaction) return inTurn((transaction ?? database) as object, () => run(opened));
      // Stores lock rows and then read them. A snapshot from before the lock, which a host may have as its default,
      // would show old data.
      const own = () => (isolated ? opened.transaction().setIsolationLevel('read committed') : opened.transaction());
      return retryConflicts(() => own().execute(run));
    },
    close() {
      closed = true;
    },
  };
}
