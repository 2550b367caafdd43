import type { TokenChange } from '../../token/token-store.ts';
import type { StoreNames } from '../kysely/store-names.ts';

/** Asks the database something, and rejects when there is no answer in time. */
export type Ask = <Row>(question: string, values: readonly unknown[]) => Promise<readonly Row[]>;

/** Reads which tokens were changed, from where it has read before. */
export interface ChangeFeed {
  /** Tells everything that was changed since it was last called with success, a batch at a time. */
  pull(ask: Ask, tell: (changes: readonly TokenChange[]) => Promise<void>): Promise<void>;
}

const BATCH = 1000;
/** A transaction that changes tokens ends within this time, or is ended by the database. */
const LONGEST_TRANSACTION_MILLISECONDS = 60_000;
/** How long the database keeps its notes for connections that are away. */
const KEPT_DAYS = 7;

interface Row {
  readonly present: string;
  readonly transaction_id: string | null;
  readonly position: string;
  readonly token_id: string;
  readonly ended: boolean;
}

/**
 * Creates the feed of one listener. What was read is known by a snapshot of the database's transactions, not by a time or
 * a number of a row: transactions become visible in another order than that in which they number their rows, and no
 * clock of a process counts. It begins with what happened since it was created, by the database's clock.
 */
export function createChangeFeed(names: StoreNames, elapsed: () => number = elapsedSinceNow()): ChangeFeed {
  const table = tableOf(names);
  let read: string | undefined;

  /** What is visible now and was not when it was last read. */
  function unread(): { readonly condition: string; readonly value: unknown } {
    if (read === undefined) {
      const value = elapsed() + LONGEST_TRANSACTION_MILLISECONDS;
      return { condition: `at > clock_timestamp() - $1::float8 * interval '1 millisecond'`, value };
    }
    return {
      condition: `transaction_id >= txid_snapshot_xmin($1::txid_snapshot)
        and not txid_visible_in_snapshot(transaction_id, $1::txid_snapshot)`,
      value: read,
    };
  }

  async function page(ask: Ask, upTo: string | undefined, after: Pick<Row, 'transaction_id' | 'position'>) {
    const { condition, value } = unread();
    // Rows of a database that was restored from another cluster may bear numbers that are still to come.
    return ask<Row>(
      `select snapshot.present::text as present, changes.* from (select txid_current_snapshot() as present) as snapshot
        left join lateral (
          select transaction_id, position, token_id, ended from ${table}
            where ${condition}
            and transaction_id < txid_snapshot_xmax(snapshot.present)
            and ($2::text is null or txid_visible_in_snapshot(transaction_id, $2::text::txid_snapshot))
            and (transaction_id, position) > ($3::bigint, $4::bigint)
            order by transaction_id, position limit ${BATCH}
        ) as changes on true order by transaction_id, position`,
      [value, upTo ?? null, after.transaction_id, after.position],
    );
  }

  return {
    async pull(ask, tell) {
      let upTo: string | undefined;
      let after = { transaction_id: '0' as string | null, position: '0' };
      for (;;) {
        const rows = await page(ask, upTo, after);
        // The snapshot of the first page bounds the others: what is committed meanwhile is for the next pull.
        upTo ??= rows[0]?.present;
        const changes = rows.filter(({ transaction_id }) => transaction_id !== null);
        if (changes.length > 0) await tell(changes.map(({ token_id: id, ended }) => ({ id, ended })));
        const last = changes.at(-1);
        if (last === undefined || changes.length < BATCH) break;
        after = last;
      }
      read = upTo;
    },
  };
}

function elapsedSinceNow(): () => number {
  const since = performance.now();
  return () => performance.now() - since;
}

/** The names were checked: they need no escapes. */
function tableOf({ schema, prefix = '' }: StoreNames): string {
  return `${schema === undefined ? '' : `"${schema}".`}"${prefix}token_changes"`;
}

/** Removes notes that nothing needs any more. */
export async function forgetChanges(ask: Ask, names: StoreNames): Promise<void> {
  await ask(`delete from ${tableOf(names)} where at < clock_timestamp() - $1::int * interval '1 day'`, [KEPT_DAYS]);
}
