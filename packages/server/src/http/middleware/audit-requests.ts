import type { ClientAddress } from '@latchkey/auth-core/http';
import type { Middleware } from 'koa';
import type { AuditTrail } from '../../audit/audit-trail.ts';
import type { Route } from '../route.ts';
import type { ServerState } from '../state.ts';
import { toServerError } from '../to-server-error.ts';

/** Tells the audit log whose doing everything in a request is, and what of it was refused. */
export function auditRequests(
  trail: Pick<AuditTrail, 'during' | 'refused'>,
  clientAddress: ClientAddress,
  { method, path, access }: Pick<Route, 'method' | 'path' | 'access'>,
): Middleware<ServerState> {
  const action = access === 'public' || access === 'authenticated' ? {} : { action: access };
  return async function auditRequestsMiddleware(ctx, next) {
    const { req, state } = ctx;
    const address = clientAddress((name) => req.headersDistinct[name] ?? [], req.socket.remoteAddress);
    const from = address === undefined ? {} : { address };
    Object.assign(state, from);
    await trail.during({ id: state.requestId, method, route: path, ...action, ...from }, async () => {
      try {
        await next();
      } catch (error) {
        trail.refused(toServerError(error), state.auth?.principal);
        throw error;
      }
    });
  };
}
