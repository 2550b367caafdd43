import type { Principal } from '../principal.ts';
import type { AuditActor } from './audit-event.ts';

/** A principal as the audit log names it. */
export function toActor({ id, name, owner, rootId }: Principal): AuditActor {
  return { id, name, owner, rootId };
}
