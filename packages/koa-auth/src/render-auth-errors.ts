import { AuthError } from '@latchkey/auth-core';
import { type ChallengeOptions, challenge } from '@latchkey/auth-core/http';
import type { Context, Middleware } from 'koa';

/** Options of {@link renderAuthErrors}. */
export interface RenderAuthErrorsOptions extends ChallengeOptions {
  /** The body for an error. `error.message` is safe to show; `error.cause` is not. */
  readonly render: (error: AuthError, ctx: Context) => unknown;
}

/**
 * Creates the middleware that answers what the core refuses: status and headers from `challenge`, the body
 * from the caller's hook. All other errors are rethrown, as is an error after the headers were sent.
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
      if (!(error instanceof AuthError) || ctx.headerSent) throw error;
      const { status, headers } = challenge(error, options);
      ctx.body = render(error, ctx);
      ctx.status = status;
      ctx.set({ ...headers });
    }
  };
}
