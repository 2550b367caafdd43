import { endsWithDay, judgeClaims, KEPT_DAYS_MILLISECONDS, KEPT_MILLISECONDS } from './judge-claims.ts';
import type { Counter, HeldLease, LeaseClaim, LimitStore, WindowCounter } from './limit-store.ts';
import { pair } from './pair.ts';
import { correctSpent, type SpentCredits, spentAt } from './spent-credits.ts';

/**
 * Counts in memory, for tests and for servers of one process that may lose the counts. The reference implementation.
 *
 * @example
 * ```ts
 * import { createMemoryLimitStore, createMeter } from '@latchkey/auth-core';
 *
 * const meter = createMeter({ store: createMemoryLimitStore() });
 * await meter.close();
 * ```
 */
export function createMemoryLimitStore(): LimitStore {
  /** How much was used, by key and by the end of the window. */
  const windows = new Map<string, Map<number, number>>();
  /** When leases expire, by key and by the lease's id. */
  const leases = new Map<string, Map<string, number>>();
  const credits = new Map<string, SpentCredits>();
  let closed = false;

  function checkOpen(): void {
    if (closed) throw new Error('the limit store is closed');
  }

  function count(counter: Counter, now: number): number {
    if (counter.kind === 'credit') return spentAt(credits.get(counter.key), counter).used;
    if (counter.kind === 'window') return windows.get(counter.key)?.get(counter.windowEnd) ?? 0;
    let running = 0;
    for (const expiresAt of leases.get(counter.key)?.values() ?? []) if (expiresAt > now) running += 1;
    return running;
  }

  function setUsed({ key, windowEnd }: WindowCounter, used: number, now: number): void {
    const ofKey = windows.get(key) ?? new Map<number, number>();
    if (ofKey.size === 0) windows.set(key, ofKey);
    // When a new window begins, those that ended long ago are removed.
    if (!ofKey.has(windowEnd)) forgetWindows(ofKey, now);
    ofKey.set(windowEnd, used);
  }

  function setLease({ key, leaseId, expiresAt }: HeldLease & Pick<LeaseClaim, 'expiresAt'>): void {
    leases.set(key, (leases.get(key) ?? new Map<string, number>()).set(leaseId, expiresAt));
  }

  return {
    take(claims, now) {
      checkOpen();
      const used = claims.map((claim) => count(claim, now));
      const answer = judgeClaims(claims, used);
      if (!answer.taken) return answer;
      for (const [claim, taking] of pair(claims, answer.takings)) {
        if (claim.kind === 'lease') setLease(claim);
        else if (taking.amount === 0) continue;
        else if (claim.kind === 'window') setUsed(claim, taking.used, now);
        else credits.set(claim.key, { ...spentAt(credits.get(claim.key), claim), used: taking.used });
      }
      return answer;
    },
    async adjust(adjustments) {
      checkOpen();
      for (const adjustment of adjustments) {
        if (adjustment.kind === 'credit') {
          credits.set(adjustment.key, correctSpent(credits.get(adjustment.key), adjustment));
        } else setUsed(adjustment, Math.max(0, count(adjustment, 0) + adjustment.amount), 0);
      }
    },
    async read(counters, now) {
      checkOpen();
      return counters.map((counter) => count(counter, now));
    },
    async renew(held, expiresAt) {
      checkOpen();
      for (const lease of held) setLease({ ...lease, expiresAt });
    },
    async drop(leaseIds) {
      checkOpen();
      for (const [key, ofKey] of leases) {
        for (const id of leaseIds) ofKey.delete(id);
        if (ofKey.size === 0) leases.delete(key);
      }
    },
    async close() {
      closed = true;
      windows.clear();
      leases.clear();
      credits.clear();
    },
  };
}

function forgetWindows(windows: Map<number, unknown>, now: number): void {
  for (const windowEnd of windows.keys()) {
    const kept = endsWithDay(windowEnd) ? KEPT_DAYS_MILLISECONDS : KEPT_MILLISECONDS;
    if (windowEnd <= now - kept) windows.delete(windowEnd);
  }
}
