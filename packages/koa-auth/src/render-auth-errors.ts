import { type AuthError, isAuthError } from '@latchkey/auth-core';
import { type ChallengeOptions, renderRefusal } from '@latchkey/auth-core/http';
import type { Context, Middleware } from 'koa';

/** Options of {@link renderAuthErrors}. */
export interface RenderAuthErrorsOptions extends ChallengeOptions {
  /** The body for an error. `error.message` is safe to show; `error.cause` is not. */
  readonly render: (error: AuthError, ctx: Context) => unknown;
}

/**
 * Creates the middleware that answers what the core refuses: status and headers from `challenge`, the body
 * from the caller's hook. Headers of the answer that is not given, such as its `ETag`, are removed, and no cache keeps
 * the answer. A failure, such as of the store, is also reported as an `error` event of the app. All other errors are
 * rethrown, as is an error after the headers were sent.
 *
 * @example
 * ```ts
 * import { renderAuthErrors } from '@latchkey/koa-auth';
 *
 * export const errors = renderAuthErrors({ render: ({ code, message }) => ({ error: { code, message } }) });
 * ```
 */
export function renderAuthErrors({ render, ...options }: RenderAuthErrorsOptions): Middleware {
  if (typeof render !== 'function') throw new TypeError("renderAuthErrors: the option 'render' is missing");
  return async function renderAuthErrors(ctx, next) {
    try {
      await next();
    } catch (error) {
      if (!isAuthError(error) || ctx.headerSent) throw error;
      const { status, headers, without } = renderRefusal(error, { ...options, render: () => undefined });
      for (const name of without) ctx.remove(name);
      const { 'Content-Type': _, ...fields } = headers;
      ctx.body = render(error, ctx);
      ctx.status = status;
      ctx.set(fields);
      if (status >= 500) ctx.app.emit('error', error, ctx);
    }
  };
}
