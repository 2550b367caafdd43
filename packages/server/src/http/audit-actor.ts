import type { AuditActor } from '@latchkey/auth-core';
import type { RequestAuth } from '@latchkey/koa-auth';

/** Whoever sends a request, as the audit log names them. */
export const toAuditActor = ({ principal: { id, name, owner, rootId }, address }: RequestAuth): AuditActor => ({
  id,
  name,
  owner,
  rootId,
  ...(address === undefined ? {} : { address }),
});
