import { type Auth, InvalidTokenError } from '@latchkey/auth-core';
import { readCredential } from '@latchkey/koa-auth';
import type { Middleware } from 'koa';
import { ServerError } from '../../contracts/server-error.ts';
import type { ServerState } from '../state.ts';

/** How often a running request's token is looked at again; with the time a verification may count, within a second. */
const CHECK_MILLISECONDS = 400;

/**
 * Ends a request whose token ends while it runs: revoked here, at once; revoked by another process or expired, within
 * a second. For requests that may run long.
 */
export function endWithToken(auth: Pick<Auth, 'verify' | 'onRevoked'>): Middleware<ServerState> {
  return async function endWithTokenMiddleware(ctx, next) {
    const { id } = ctx.state.auth.principal;
    const credential = readCredential(ctx.req);
    const ended = new AbortController();
    const end = (cause: InvalidTokenError): void =>
      ended.abort(new ServerError('UNAUTHENTICATED', 'The token of this request has ended while it ran.', { cause }));
    const stopListening = auth.onRevoked((revoked) => {
      if (revoked === id) end(new InvalidTokenError('AUTH_TOKEN_REVOKED'));
    });
    const checks = setInterval(() => {
      auth.verify(credential).catch((error: unknown) => {
        if (error instanceof InvalidTokenError) end(error);
      });
    }, CHECK_MILLISECONDS);
    ctx.res.once('close', () => {
      clearInterval(checks);
      stopListening();
    });
    ctx.state.signal = AbortSignal.any([ctx.state.signal, ended.signal]);
    await next();
  };
}
