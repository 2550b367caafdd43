import type { Clock } from '../clock.ts';
import type { LimitStore } from './limit-store.ts';

/** Does a task again and again, so many milliseconds apart; returns the way to stop. */
export type Repeat = (task: () => void, milliseconds: number) => () => void;

/** The platform's own timer, which keeps no process alive. */
export const systemRepeat: Repeat = (task, milliseconds) => {
  const timer = setInterval(task, milliseconds);
  // Elsewhere than in Node and its kin, a timer is a number.
  (timer as { unref?: () => void }).unref?.();
  return () => clearInterval(timer);
};

/** How long a lease runs that nobody renews: what a process that was killed still holds. */
export const LEASE_MILLISECONDS = 30_000;
const RENEWAL_MILLISECONDS = 10_000;

/** Renews leases while they are held. */
export interface LeaseKeeper {
  hold(leaseId: string): void;
  /** Never rejects: a lease that cannot be dropped is no longer renewed, and so ends by itself. */
  release(leaseId: string): Promise<void>;
  /** Releases whatever is held. Never rejects. */
  releaseAll(): Promise<void>;
}

/** Creates it. One timer renews them all; it stops by itself when there are none to renew. */
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
    // The next renewal comes before the lease ends; a store that fails for longer lets nobody else in either.
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
