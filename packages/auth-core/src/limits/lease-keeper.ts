import type { Clock } from '../clock.ts';
import type { LimitStore } from './limit-store.ts';

/** Runs a task repeatedly, at an interval in milliseconds. Returns a function that stops it. */
export type Repeat = (task: () => void, milliseconds: number) => () => void;

/** The platform's own timer. It does not keep the process alive. */
export const systemRepeat: Repeat = (task, milliseconds) => {
  const timer = setInterval(task, milliseconds);
  // In browsers and similar runtimes, a timer is a number.
  (timer as { unref?: () => void }).unref?.();
  return () => clearInterval(timer);
};

/** How long a lease runs without a renewal, for example after its process was killed. */
export const LEASE_MILLISECONDS = 30_000;
const RENEWAL_MILLISECONDS = 10_000;

/** Renews leases while they are held. */
export interface LeaseKeeper {
  hold(leaseId: string): void;
  /** Never rejects: a lease that cannot be dropped is no longer renewed, and so expires. */
  release(leaseId: string): Promise<void>;
  /** Releases all leases. Never rejects. */
  releaseAll(): Promise<void>;
}

/** Creates a lease keeper. One timer renews all leases; it stops when none are held. */
export function createLeaseKeeper(
  store: Pick<LimitStore, 'renew' | 'drop'>,
  clock: Clock,
  repeat: Repeat,
): LeaseKeeper {
  const held = new Set<string>();
  let stop: (() => void) | undefined;

  function stopTimer(): void {
    stop?.();
    stop = undefined;
  }

  function renew(): void {
    if (held.size === 0) {
      stopTimer();
      return;
    }
    const now = clock().getTime();
    // The next renewal comes before the lease expires. While the store fails for longer, it admits no other request.
    store.renew([...held], now + LEASE_MILLISECONDS, now).catch(() => undefined);
  }

  return {
    hold(leaseId) {
      held.add(leaseId);
      stop ??= repeat(renew, RENEWAL_MILLISECONDS);
    },
    async release(leaseId) {
      if (held.delete(leaseId)) await store.drop([leaseId]).catch(() => undefined);
    },
    async releaseAll() {
      const leaseIds = [...held];
      held.clear();
      stopTimer();
      if (leaseIds.length > 0) await store.drop(leaseIds).catch(() => undefined);
    },
  };
}
