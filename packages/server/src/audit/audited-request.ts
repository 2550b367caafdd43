import type { AuditActor, Principal } from '@latchkey/auth-core';

/** What is known of the current request. */
export interface AuditedRequest {
  /** The id in `X-Request-Id` and in the log. */
  readonly id: string;
  readonly method: string;
  /** As the route is declared: `/api/v1/tokens/:id`. */
  readonly route: string;
  /** The action that the route requires. */
  readonly action?: string;
  readonly address?: string;
}

/** The caller as the audit log records it. An anonymous caller has no id. */
export function toActor({
  kind,
  id,
  name,
  owner,
  rootId,
}: Pick<Principal, 'kind' | 'id' | 'name' | 'owner' | 'rootId'>): AuditActor {
  return kind === 'anonymous' ? { name } : { id, name, owner, rootId };
}
