import { InvalidTokenError } from '@latchkey/auth-core';
import type { Middleware } from 'koa';
import type { ServerState } from '../state.ts';

/**
 * Verifies the caller again once its body is there, which may have taken minutes: what is done is done with the authority
 * of then. What follows reads the newest principal.
 *
 * @param mayBeAnonymous asked about a caller that came in without a token: authentication may have been switched on since
 */
export function verifyAgain(mayBeAnonymous: () => Promise<boolean>): Middleware<ServerState> {
  return async function verifyAgainMiddleware(ctx, next) {
    const { auth } = ctx.state;
    const principal = await auth.reverify();
    if (principal.kind === 'anonymous' && !(await mayBeAnonymous())) throw new InvalidTokenError('AUTH_TOKEN_MISSING');
    await next();
  };
}
