import type { AuditEvent } from '@latchkey/auth-core';
import type { Approval } from './approval.ts';
import type { Expiry } from './sweep.ts';

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
