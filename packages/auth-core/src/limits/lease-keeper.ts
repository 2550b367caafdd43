import type { Repeat } from '../repeat.ts';
import type { LimitStore } from './limit-store.ts';

/** How long a lease runs without a renewal, for example after its process was killed. */
export const LEASE_MILLISECONDS = 30_000;
const RENEWAL_MILLISECONDS = 10_000;

/** Renews leases while they are held. */
export interface LeaseKeeper {
  hold(leaseId: string, keys: readonly string[], expiresAt: number): void;
  /** Whether held leases may have expired by `now`: the process slept, or the store did not answer. */
  isBehind(now: number): boolean;
  /** Renews all of them now. Rejects with the error of the store. */
  renew(): Promise<void>;
  /** Never rejects: a lease that cannot be dropped is no longer renewed, and so expires. */
  release(leaseId: string): Promise<void>;
  /** Releases all leases. Never rejects. */
  releaseAll(): Promise<void>;
}

/** Creates a lease keeper. One timer renews all leases; it stops when none are held. */
export function createLeaseKeeper(
  store: Pick<LimitStore, 'renew' | 'drop'>,
  time: () => number | Promise<number>,
  repeat: Repeat,
): LeaseKeeper {
  /** The keys of each lease. */
  const held = new Map<string, readonly string[]>();
  /** The time by which the first of them expires. */
  let expiresAt = Number.POSITIVE_INFINITY;
  let stop: (() => void) | undefined;
  let renewing: Promise<void> | undefined;

  function stopTimer(): void {
    stop?.();
    stop = undefined;
    expiresAt = Number.POSITIVE_INFINITY;
  }

  async function renewAll(): Promise<void> {
    const until = (await time()) + LEASE_MILLISECONDS;
    const leases = [...held].flatMap(([leaseId, keys]) => keys.map((key) => ({ key, leaseId })));
    await store.renew(leases, until);
    expiresAt = held.size === 0 ? Number.POSITIVE_INFINITY : until;
  }

  function renew(): Promise<void> {
    renewing ??= renewAll().finally(() => {
      renewing = undefined;
    });
    return renewing;
  }

  function tick(): void {
    if (held.size === 0) stopTimer();
    // The next renewal comes before the lease expires. While the store fails for longer, it admits no other request.
    else renew().catch(() => undefined);
  }

  /** Not while they are renewed: that would bring them back. */
  async function drop(leaseIds: readonly string[]): Promise<void> {
    await renewing?.catch(() => undefined);
    await store.drop(leaseIds).catch(() => undefined);
  }

  return {
    hold(leaseId, keys, until) {
      held.set(leaseId, keys);
      expiresAt = Math.min(expiresAt, until);
      stop ??= repeat(tick, RENEWAL_MILLISECONDS);
    },
    isBehind: (now) => held.size > 0 && now >= expiresAt,
    renew,
    async release(leaseId) {
      if (held.delete(leaseId)) await drop([leaseId]);
    },
    async releaseAll() {
      const leaseIds = [...held.keys()];
      held.clear();
      stopTimer();
      if (leaseIds.length > 0) await drop(leaseIds);
    },
  };
}
