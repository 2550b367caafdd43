import type { Kysely, Transaction } from 'kysely';
import { judgeClaims, KEPT_MILLISECONDS } from '../../limits/judge-claims.ts';
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
import { correctCredits, lockCredits, readCredits, spendCredits } from './kysely-credits.ts';
import { retryConflicts } from './retry-conflicts.ts';
import type { LimitSchema, LimitWindowsTable } from './schema.ts';

/** The `window_end` of a row that is not a window: it counts nothing and serves only to lock the leases of its key. */
const LOCK_ONLY = 0;

/**
 * Counts in the tables `limit_windows`, `limit_leases` and `limit_credits` of a database that kysely speaks to;
 * `tokenMigrations` creates them. Processes that share the database share the counts.
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
export function createKyselyLimitStore<Schema>(database: Kysely<Schema>): LimitStore {
  // A server's own schema need not declare these tables; the migrations create them.
  const tables = database as unknown as Kysely<LimitSchema>;
  let closed = false;

  function open(): Kysely<LimitSchema> {
    if (closed) throw new Error('the limit store is closed');
    return tables;
  }

  function inTransaction<Result>(run: (transaction: Transaction<LimitSchema>) => Promise<Result>): Promise<Result> {
    const connection = open();
    return retryConflicts(() => connection.transaction().execute(run));
  }

  return {
    async take(claims, now) {
      // A refused or read-only request needs no lock: a flood of refused requests writes nothing.
      const answer = judgeClaims(claims, await readCounters(open(), claims, now));
      if (!answer.taken || !claims.some(uses)) return answer;
      return inTransaction(async (transaction) => {
        await lockCounters(transaction, claims.filter(uses));
        const locked = judgeClaims(claims, await readCounters(transaction, claims, now));
        if (locked.taken) await write(transaction, pair(claims, locked.takings), now);
        return locked;
      });
    },
    async adjust(adjustments) {
      const sorted = adjustments.toSorted(byKey);
      await inTransaction(async (transaction) => {
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
    async renew(leaseIds, expiresAt, now) {
      const connection = open();
      if (leaseIds.length === 0) return;
      const renewed = connection
        .updateTable('limit_leases')
        .set({ expires_at: expiresAt })
        .where('lease_id', 'in', leaseIds)
        .where('expires_at', '>', now);
      await retryConflicts(() => renewed.execute());
    },
    async drop(leaseIds) {
      const connection = open();
      if (leaseIds.length === 0) return;
      const dropped = connection.deleteFrom('limit_leases').where('lease_id', 'in', leaseIds);
      await retryConflicts(() => dropped.execute());
    },
    async close() {
      closed = true;
    },
  };
}

function uses(claim: Claim): boolean {
  return claim.kind === 'lease' || claim.amount > 0;
}

/** A consistent lock order avoids deadlock. */
function byKey(left: { readonly key: string }, right: { readonly key: string }): number {
  return left.key < right.key ? -1 : 1;
}

/** Creates missing rows of the claims, and locks all of them until the transaction ends. */
async function lockCounters(transaction: Transaction<LimitSchema>, claims: readonly Claim[]): Promise<void> {
  const sorted = claims.toSorted(byKey);
  const counted = sorted.filter((claim) => claim.kind !== 'credit');
  if (counted.length > 0) await lockWindows(transaction, counted);
  await lockCredits(
    transaction,
    sorted.filter((claim) => claim.kind === 'credit'),
  );
}

async function lockWindows(
  transaction: Transaction<LimitSchema>,
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
  transaction: Transaction<LimitSchema>,
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

async function readCounters(
  database: Kysely<LimitSchema>,
  counters: readonly Counter[],
  now: number,
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
    for (const row of rows) used.set(`${row.window_end} ${row.key}`, Number(row.used));
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
    for (const row of rows) used.set(`lease ${row.key}`, Number(row.running));
  }
  return counters.map((counter) => {
    if (counter.kind === 'credit') return spentAt(spent.get(counter.key), counter).used;
    return used.get(`${counter.kind === 'window' ? counter.windowEnd : 'lease'} ${counter.key}`) ?? 0;
  });
}

async function write(
  transaction: Transaction<LimitSchema>,
  taken: readonly [Claim, Taking][],
  now: number,
): Promise<void> {
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
  transaction: Transaction<LimitSchema>,
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
    .execute();
}

async function writeLeases(
  transaction: Transaction<LimitSchema>,
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
