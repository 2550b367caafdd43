import type { Kysely } from 'kysely';
import { DAY_MILLISECONDS, judgeClaims, KEPT_DAYS_MILLISECONDS, KEPT_MILLISECONDS } from '../../limits/judge-claims.ts';
import type {
  Adjustment,
  Claim,
  Counter,
  CreditClaim,
  LeaseClaim,
  LimitStore,
  Taking,
  WindowClaim,
} from '../../limits/limit-store.ts';
import { pair } from '../../limits/pair.ts';
import { spentAt } from '../../limits/spent-credits.ts';
import { createDatabaseClock, readClock } from './database-clock.ts';
import { isPostgres } from './is-postgres.ts';
import { correctCredits, lockCredits, readCredits, spendCredits } from './kysely-credits.ts';
import { readInteger, readText } from './read-column.ts';
import { retryConflicts } from './retry-conflicts.ts';
import type { LimitSchema, LimitWindowsTable } from './schema.ts';
import type { StoreNames } from './store-names.ts';
import { openTables } from './store-tables.ts';

/** The `window_end` of a row that is not a window: it counts nothing and serves only to lock the leases of its key. */
const LOCK_ONLY = 0;

/**
 * Counts in the tables `limit_windows`, `limit_leases` and `limit_credits` of a database that kysely speaks to;
 * `tokenMigrations` creates them. Processes that share the database share the counts. On PostgreSQL they count by the
 * database's clock; on SQLite by that of the machine.
 *
 * The caller owns the database: closing the store does not close it.
 *
 * @example
 * ```ts
 * import { createMeter } from '@latchkey/auth-core';
 * import { createKyselyLimitStore, migrate, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
 * import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
 *
 * const database = openSqlite('/var/lib/my-server/state.db');
 * await migrate(database, tokenMigrations, 'token_migrations');
 *
 * export const meter = createMeter({ store: createKyselyLimitStore(database) });
 * ```
 */
export function createKyselyLimitStore<Schema>(database: Kysely<Schema>, names: StoreNames = {}): LimitStore {
  const { open, transact, close } = openTables<LimitSchema>(database, names, 'limit store');
  const clock = createDatabaseClock(() => readClock(open()));

  return {
    // SQLite has no clock but the machine's.
    ...(isPostgres(database) && { now: clock }),
    async take(claims, now) {
      // A refused or read-only request needs no lock: a flood of refused requests writes nothing.
      const answer = judgeClaims(claims, await readCounters(open(), claims, now));
      if (!answer.taken || !claims.some(uses)) return answer;
      return transact(async (transaction) => {
        const locked = claims.filter(uses);
        await lockCounters(transaction, locked);
        const judged = judgeClaims(claims, await readCounters(transaction, claims, now, new Set(locked)));
        if (judged.taken) await write(transaction, pair(claims, judged.takings), now);
        return judged;
      });
    },
    async adjust(adjustments) {
      const sorted = adjustments.toSorted(byKey);
      await transact(async (transaction) => {
        await adjustEach(
          transaction,
          sorted.filter((adjustment) => adjustment.kind === 'window'),
        );
        await correctCredits(
          transaction,
          sorted.filter((adjustment) => adjustment.kind === 'credit'),
        );
      });
    },
    async read(counters, now) {
      return readCounters(open(), counters, now);
    },
    async renew(held, expiresAt) {
      const connection = open();
      const rows = held.toSorted(byKey).map(({ key, leaseId }) => ({ key, lease_id: leaseId, expires_at: expiresAt }));
      for (let start = 0; start < rows.length; start += LEASES) {
        const renewed = connection
          .insertInto('limit_leases')
          .values(rows.slice(start, start + LEASES))
          .onConflict((conflict) => conflict.columns(['key', 'lease_id']).doUpdateSet({ expires_at: expiresAt }));
        await retryConflicts(() => renewed.execute());
      }
    },
    async drop(leaseIds) {
      const connection = open();
      if (leaseIds.length === 0) return;
      const dropped = connection.deleteFrom('limit_leases').where('lease_id', 'in', leaseIds);
      await retryConflicts(() => dropped.execute());
    },
    async close() {
      close();
    },
  };
}

/** How many leases one statement renews. */
const LEASES = 1000;

function uses(claim: Claim): boolean {
  return claim.kind === 'lease' || claim.amount > 0;
}

const NONE_LOCKED: ReadonlySet<Counter> = new Set();

/** A consistent lock order avoids deadlock. */
function byKey(left: { readonly key: string }, right: { readonly key: string }): number {
  return left.key < right.key ? -1 : 1;
}

/** Creates missing rows of the claims, and locks all of them until the transaction ends. */
async function lockCounters(transaction: Kysely<LimitSchema>, claims: readonly Claim[]): Promise<void> {
  const sorted = claims.toSorted(byKey);
  const counted = sorted.filter((claim) => claim.kind !== 'credit');
  if (counted.length > 0) await lockWindows(transaction, counted);
  await lockCredits(
    transaction,
    sorted.filter((claim) => claim.kind === 'credit'),
  );
}

async function lockWindows(
  transaction: Kysely<LimitSchema>,
  claims: readonly (WindowClaim | LeaseClaim)[],
): Promise<void> {
  await transaction
    .insertInto('limit_windows')
    .values(claims.map((claim) => toRow(claim, 0)))
    .onConflict((conflict) =>
      conflict.columns(['key', 'window_end']).doUpdateSet(({ ref }) => ({ used: ref('limit_windows.used') })),
    )
    .execute();
}

async function adjustEach(
  transaction: Kysely<LimitSchema>,
  adjustments: readonly Extract<Adjustment, { readonly kind: 'window' }>[],
): Promise<void> {
  for (const { key, windowEnd, amount } of adjustments) {
    await transaction
      .insertInto('limit_windows')
      .values({ key, window_end: windowEnd, used: Math.max(0, amount) })
      .onConflict((conflict) =>
        conflict.columns(['key', 'window_end']).doUpdateSet(({ eb }) => {
          const sum = eb('limit_windows.used', '+', amount);
          return { used: eb.case().when(sum, '<', 0).then(0).else(sum).end() };
        }),
      )
      .execute();
  }
}

function toRow(claim: WindowClaim | LeaseClaim, used: number): LimitWindowsTable {
  return { key: claim.key, window_end: claim.kind === 'window' ? claim.windowEnd : LOCK_ONLY, used };
}

/**
 * How much of the counters is used. What was never counted has no row; a counter that was locked has one, and the rows
 * are not all there when it is missing.
 */
async function readCounters(
  database: Kysely<LimitSchema>,
  counters: readonly Counter[],
  now: number,
  locked: ReadonlySet<Counter> = NONE_LOCKED,
): Promise<number[]> {
  const windows = counters.filter((counter) => counter.kind === 'window');
  const leases = counters.filter((counter) => counter.kind === 'lease');
  const credits = counters.filter((counter) => counter.kind === 'credit');
  const used = new Map<string, number>();
  const spent = await readCredits(database, credits);
  if (windows.length > 0) {
    const rows = await database
      .selectFrom('limit_windows')
      .selectAll()
      .where(({ eb, or }) => or(windows.map(({ key, windowEnd }) => eb.and({ key, window_end: windowEnd }))))
      .execute();
    for (const row of rows) {
      used.set(`${readInteger(row, 'window_end')} ${readText(row, 'key')}`, readInteger(row, 'used'));
    }
  }
  if (leases.length > 0) {
    const rows = await database
      .selectFrom('limit_leases')
      .select(({ fn }) => ['key', fn.countAll().as('running')])
      .where(
        'key',
        'in',
        leases.map(({ key }) => key),
      )
      .where('expires_at', '>', now)
      .groupBy('key')
      .execute();
    for (const row of rows) used.set(`lease ${readText(row, 'key')}`, readInteger(row, 'running'));
  }
  return counters.map((counter) => {
    const { key } = counter;
    const isFound =
      counter.kind === 'credit' ? spent.has(key) : counter.kind === 'lease' || used.has(`${counter.windowEnd} ${key}`);
    if (!isFound && locked.has(counter)) throw new Error('a counter that was locked cannot be read');
    if (counter.kind === 'credit') return spentAt(spent.get(key), counter).used;
    return used.get(`${counter.kind === 'window' ? counter.windowEnd : 'lease'} ${key}`) ?? 0;
  });
}

async function write(transaction: Kysely<LimitSchema>, taken: readonly [Claim, Taking][], now: number): Promise<void> {
  const windows = taken.filter(isWindow).filter(([, { amount }]) => amount > 0);
  const credits = taken.filter(isCredit).filter(([, { amount }]) => amount > 0);
  const leases = taken.flatMap(([claim]) => (claim.kind === 'lease' ? [claim] : []));
  if (windows.length > 0) await writeWindows(transaction, windows, now);
  if (leases.length > 0) await writeLeases(transaction, leases, now);
  await spendCredits(transaction, credits);
}

function isWindow(taken: readonly [Claim, Taking]): taken is [WindowClaim, Taking] {
  return taken[0].kind === 'window';
}

function isCredit(taken: readonly [Claim, Taking]): taken is [CreditClaim, Taking] {
  return taken[0].kind === 'credit';
}

async function writeWindows(
  transaction: Kysely<LimitSchema>,
  taken: readonly [WindowClaim, Taking][],
  now: number,
): Promise<void> {
  await transaction
    .insertInto('limit_windows')
    .values(taken.map(([claim, { used }]) => toRow(claim, used)))
    .onConflict((conflict) =>
      conflict.columns(['key', 'window_end']).doUpdateSet(({ ref }) => ({ used: ref('excluded.used') })),
    )
    .execute();
  // When a new window starts, windows that ended long ago are deleted.
  const begun = taken.flatMap(([{ key }, { amount, used }]) => (used === amount ? [key] : []));
  if (begun.length === 0) return;
  await transaction
    .deleteFrom('limit_windows')
    .where('key', 'in', begun)
    .where('window_end', '<=', now - KEPT_MILLISECONDS)
    .where(({ eb, or }) =>
      or([eb('window_end', '<=', now - KEPT_DAYS_MILLISECONDS), eb(eb('window_end', '%', DAY_MILLISECONDS), '<>', 0)]),
    )
    .execute();
}

async function writeLeases(
  transaction: Kysely<LimitSchema>,
  leases: readonly LeaseClaim[],
  now: number,
): Promise<void> {
  const keys = leases.map(({ key }) => key);
  await transaction.deleteFrom('limit_leases').where('key', 'in', keys).where('expires_at', '<=', now).execute();
  await transaction
    .insertInto('limit_leases')
    .values(leases.map(({ key, leaseId, expiresAt }) => ({ key, lease_id: leaseId, expires_at: expiresAt })))
    .execute();
}
