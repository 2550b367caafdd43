import type { AuditEvent, Clock } from '@latchkey/auth-core';
import type { Kysely } from 'kysely';
import type { Approval, StoredApproval } from './approval.ts';
import type { ApprovalStore } from './kysely-approval-store.ts';
import type { ApprovalTables } from './schema.ts';

/** Why nobody can decide about a call any more. */
export type Expiry = 'time' | 'token';

const SWEEP_MILLISECONDS = 5_000;

/**
 * Ends what waits on no server any more, by time and with its token, so that arguments do not outlive the wait. It keeps no
 * process alive.
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
  // A database that does not answer is asked again.
  const timer = setInterval(() => void sweep().catch(() => {}), SWEEP_MILLISECONDS).unref();
  return { sweep, [Symbol.dispose]: () => clearInterval(timer) };
}

/** What the log keeps of a call about which nobody has decided in time, or before its token ended. */
export function toExpiry({ id, rootId, token, server, tool, project }: Approval, why: Expiry): AuditEvent {
  return {
    type: 'approval.expired',
    actor: { ...token, rootId },
    subject: `${server} ${tool}`,
    ...(project === null ? {} : { project }),
    details: { approval: id, why },
  };
}

/** Deletes the calls that waited for a person, and whose time was over before a time (RFC 3339). */
export async function forgetCalls(database: Kysely<ApprovalTables>, before: string): Promise<void> {
  await database
    .deleteFrom('approval')
    .where('requested_at', '<', before)
    .where('expires_at', '<', before)
    .where('alive_until', '<', before)
    .execute();
}
