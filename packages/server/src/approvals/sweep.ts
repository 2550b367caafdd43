import type { Clock } from '@latchkey/auth-core';
import type { StoredApproval } from './approval.ts';
import type { ApprovalStore } from './kysely-approval-store.ts';

const SWEEP_MILLISECONDS = 5_000;

/** Ends, by time, what waits on no server any more, so that arguments do not outlive the wait. It keeps no process alive. */
export function sweepExpired(
  store: Pick<ApprovalStore, 'expire'>,
  clock: Clock,
  onExpired: (approval: StoredApproval) => void,
): Disposable & { readonly sweep: () => Promise<void> } {
  const sweep = async (): Promise<void> => {
    for (const approval of await store.expire(clock().toISOString())) onExpired(approval);
  };
  // A database that does not answer is asked again.
  const timer = setInterval(() => void sweep().catch(() => {}), SWEEP_MILLISECONDS).unref();
  return { sweep, [Symbol.dispose]: () => clearInterval(timer) };
}
