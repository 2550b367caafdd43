import type { AuditActor, Principal } from '@latchkey/auth-core';

/** What is known of a request that runs. */
export interface AuditedRequest {
  /** The one of `X-Request-Id` and of the log. */
  readonly id: string;
  readonly method: string;
  /** As the route is declared: `/api/v1/tokens/:id`. */
  readonly route: string;
  /** What the route asks of its callers' grants. */
  readonly action?: string;
  readonly address?: string;
}

/** A caller as the audit log names it. Whoever needs no token is a stranger, and has no id. */
export function toActor({ kind, id, name, owner, rootId }: Principal): AuditActor {
  return kind === 'anonymous' ? { name } : { id, name, owner, rootId };
}
