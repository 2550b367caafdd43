import { type Auth, AuthError, type Principal } from '@latchkey/auth-core';
import type { Context, Middleware } from 'koa';
import { readCredential } from './read-credential.ts';
import type { AuthState } from './state.ts';

/** Options of {@link bearerAuth}. */
export interface BearerAuthOptions {
  readonly auth: Pick<Auth, 'verify' | 'decide'>;
  /**
   * Who everybody is while authentication is switched off. No credential is read then, not even a wrong one. Absent:
   * authentication is on.
   */
  readonly optional?: Principal;
  /** Told of each refused credential, for a log or a counter, before the error goes its way. It changes nothing. */
  readonly onError?: (error: AuthError, ctx: Context) => void;
}

/**
 * Creates the middleware that says who asks: it reads the token, has it verified and sets `ctx.state.auth`.
 *
 * @throws {AuthError} `AUTH_TOKEN_*` or `AUTH_STORE_UNAVAILABLE`, from the middleware; nothing downstream has run then
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { type AuthState, bearerAuth, renderAuthErrors, requireAction } from '@latchkey/koa-auth';
 * import Koa from 'koa';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
 *
 * export const app = new Koa<AuthState>();
 * app.use(renderAuthErrors({ render: (error) => ({ error: { code: error.code, message: error.message } }) }));
 * app.use(bearerAuth({ auth }));
 * app.use(requireAction('models:read'));
 * app.use((ctx) => {
 *   ctx.body = { hello: ctx.state.auth.principal.name };
 * });
 * ```
 */
export function bearerAuth({ auth, optional, onError }: BearerAuthOptions): Middleware<AuthState> {
  return async function bearerAuth(ctx, next) {
    const principal = optional ?? (await identify(ctx));
    const { remoteAddress } = ctx.req.socket;
    const address = remoteAddress === undefined ? {} : { address: remoteAddress };
    ctx.state.auth = {
      principal,
      ...address,
      decide: (request, entries = []) => auth.decide(principal, request, { ...address, entries }),
    };
    await next();
  };

  async function identify(ctx: Context): Promise<Principal> {
    try {
      return await auth.verify(readCredential(ctx.req));
    } catch (error) {
      if (error instanceof AuthError) onError?.(error, ctx);
      throw error;
    }
  }
}
