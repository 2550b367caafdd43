import { type AuthError, isAuthError } from '@latchkey/auth-core';
import {
  createRequestAuthenticator,
  notify,
  type RequestAuthenticatorOptions,
  readNodeRequest,
} from '@latchkey/auth-core/http';
import type { Context, Middleware } from 'koa';
import type { AuthState } from './state.ts';

/** Options of {@link bearerAuth}. */
export interface BearerAuthOptions extends RequestAuthenticatorOptions {
  /** Called for each refused credential before the error is thrown, for a log or a counter. It changes nothing. */
  readonly onError?: (error: AuthError, ctx: Context) => void;
}

/**
 * Creates the middleware that authenticates a request: it reads and verifies the token, and sets `ctx.state.auth`.
 * Koa's own `proxy` setting has no effect here: `trustedProxies` defines whose `X-Forwarded-For` is trusted.
 *
 * @throws {AuthError} `AUTH_TOKEN_*`, `AUTH_STORE_UNAVAILABLE`, and for the project that the project header selects
 * `AUTH_PERMISSION_DENIED` or `AUTH_INPUT_INVALID`, from the middleware; nothing downstream has run then
 * @throws {TypeError} at once, when a trusted proxy is neither an address nor a range
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
export function bearerAuth({ onError, ...options }: BearerAuthOptions): Middleware<AuthState> {
  const authenticate = createRequestAuthenticator(options);

  return async function bearerAuth(ctx, next) {
    try {
      ctx.state.auth = await authenticate(readNodeRequest(ctx.req));
    } catch (error) {
      if (isAuthError(error)) notify(onError, error, ctx);
      throw error;
    }
    await next();
  };
}
