import type { AuditEvent, Clock } from '@latchkey/auth-core';
import type { Approval } from '@latchkey/client';
import type { Kysely } from 'kysely';
import type { StoredApproval } from './approval.ts';
import type { ApprovalStore } from './kysely-approval-store.ts';
import type { ApprovalTables } from './schema.ts';

/** Why a call can no longer be decided. */
export type Expiry = 'time' | 'token';

const SWEEP_MILLISECONDS = 5_000;

/**
 * Ends calls that no server waits for any more, by time and when their token has ended, so that arguments do not
 * outlive the wait. The timer does not keep the process alive.
 */
export function sweepExpired(
  store: Pick<ApprovalStore, 'expire' | 'away' | 'settle'>,
  clock: Clock,
  hasEnded: (chain: readonly string[]) => Promise<boolean>,
  onExpired: (approval: StoredApproval, why: Expiry) => void,
): Disposable & { readonly sweep: () => Promise<void> } {
  const sweep = async (): Promise<void> => {
    const now = clock().toISOString();
    for (const approval of await store.expire(now)) onExpired(approval, 'time');
    for (const approval of await store.away(now)) {
      if ((await hasEnded(approval.chain)) && (await store.settle(approval.id, 'expired', now))) {
        onExpired(approval, 'token');
      }
    }
  };
  // A failed query is repeated at the next interval.
  const timer = setInterval(() => void sweep().catch(() => {}), SWEEP_MILLISECONDS).unref();
  return { sweep, [Symbol.dispose]: () => clearInterval(timer) };
}

/** The audit entry of a call that was not decided in time, or before its token ended. */
export function toExpiry({ id, rootId, token, server, tool, project }: Approval, why: Expiry): AuditEvent {
  return {
    type: 'approval.expired',
    actor: { ...token, rootId },
    subject: `${server} ${tool}`,
    ...(project === null ? {} : { project }),
    details: { approval: id, why },
  };
}

/** Deletes the calls that were requested and expired before a time (RFC 3339). */
export async function forgetCalls(database: Kysely<ApprovalTables>, before: string): Promise<void> {
  await database
    .deleteFrom('approval')
    .where('requested_at', '<', before)
    .where('expires_at', '<', before)
    .where('alive_until', '<', before)
    .execute();
}
