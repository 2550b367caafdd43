import type { ClientAddress } from '@latchkey/auth-core/http';
import type { AuditTrail } from '../../audit/audit-trail.ts';
import type { Route } from '../route.ts';
import type { Step } from '../step.ts';
import { toServerError } from '../to-server-error.ts';

/** Attributes everything that a request does to its caller in the audit log, and logs what of it was refused. */
export function auditRequest(
  trail: Pick<AuditTrail, 'during' | 'refused'>,
  clientAddress: ClientAddress,
  { method, path, access }: Pick<Route, 'method' | 'path' | 'access'>,
): Step {
  const action = access === 'public' || access === 'authenticated' ? {} : { action: access };
  return (context, next) => {
    const address = clientAddress(context.header, context.connection.remoteAddress);
    const from = address === undefined ? {} : { address };
    Object.assign(context, from);
    return trail.during({ id: context.id, method, route: path, ...action, ...from }, async () => {
      try {
        return await next();
      } catch (error) {
        trail.refused(toServerError(error), context.caller?.principal);
        throw error;
      }
    });
  };
}
