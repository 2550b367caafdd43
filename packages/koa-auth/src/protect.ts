import type { Action, AuthError, Words } from '@latchkey/auth-core';
import {
  createRequestGuard,
  type Described,
  nodeHost,
  notify,
  type RequestGuardOptions,
  readNodeRequest,
} from '@latchkey/auth-core/http';
import type { Context, Middleware } from 'koa';
import type { ProtectedState } from './state.ts';

/** Options of {@link protect}. */
export interface ProtectOptions<W extends Words = Words> extends RequestGuardOptions<W> {
  /** Called for each refusal before it is answered, for a log or a counter. It changes nothing. */
  readonly onError?: (error: AuthError, ctx: Context) => void;
}

/** Makes the middleware of routes, see {@link protect}. */
export type Protect<W extends Words = Words> = (
  action?: Action<W>,
  describe?: (ctx: Context) => Described<W>,
) => Middleware<ProtectedState<W>>;

/**
 * Protects routes of a Koa app. The middleware authenticates the request, counts it against the limits of its caller,
 * requires the action, sets `ctx.state.auth`, and answers refusals itself, also those of the middleware behind it. The
 * body is not read before. Without an action any valid token is accepted. `describe` adds what the request is about.
 *
 * A failure, such as of the store, is answered too, and reported as an `error` event of the app.
 *
 * It is `renderAuthErrors`, `bearerAuth`, `limitRequests` and `requireAction` in one.
 *
 * @throws {TypeError} at once, when an option is missing or invalid
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore, defineVocabulary } from '@latchkey/auth-core';
 * import { protect } from '@latchkey/koa-auth';
 * import Koa from 'koa';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'] });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey });
 *
 * export const app = new Koa();
 * const guard = protect({ auth });
 * app.use(guard('invoices:read'));
 * app.use((ctx) => {
 *   ctx.body = { hello: ctx.state.auth.principal.name };
 * });
 * ```
 */
export function protect<W extends Words>({ onError, ...options }: ProtectOptions<W>): Protect<W> {
  const guard = createRequestGuard(options);

  return (action, describe) =>
    async function protectRoute(ctx, next) {
      try {
        ctx.state.auth = await guard.pass({
          key: ctx.req,
          presented: () => readNodeRequest(ctx.req),
          host: () => nodeHost(ctx.res),
          action,
          describe: describe && (() => describe(ctx)),
        });
        await next();
      } catch (error) {
        const refusal = ctx.headerSent ? undefined : guard.refuse(error);
        if (refusal === undefined) throw error;
        notify(onError, error as AuthError, ctx);
        for (const name of refusal.without) ctx.remove(name);
        ctx.body = refusal.body;
        ctx.status = refusal.status;
        ctx.set({ ...refusal.headers });
        if (refusal.status >= 500) ctx.app.emit('error', error, ctx);
      }
    };
}
