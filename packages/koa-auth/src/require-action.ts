import type { Action, Words } from '@latchkey/auth-core';
import { type Described, type RequestAuth, requireAccess } from '@latchkey/auth-core/http';
import type { Context, Middleware } from 'koa';
import type { AuthState } from './state.ts';

/**
 * Creates the middleware that lets a request pass only if the caller's authority allows the action. `describe` adds
 * what else the request is about, such as the invoice.
 *
 * @throws {AuthError} `AUTH_PERMISSION_DENIED`, from the middleware, with the decision
 * @throws {TypeError} from the middleware, when no `bearerAuth` runs before it, the description lacks a
 * value that it names, or the vocabulary a word of it
 * @example
 * ```ts
 * import { requireAction } from '@latchkey/koa-auth';
 *
 * export const mayRead = requireAction('invoices:read', (ctx) => ({ invoices: ctx.path.slice('/invoices/'.length) }));
 * ```
 */
export function requireAction<W extends Words = Words>(
  action: Action<W>,
  describe?: (ctx: Context) => Described<W> | undefined,
): Middleware<AuthState> {
  return async function requireAction(ctx, next) {
    // It accepts only the words of its `Auth`'s vocabulary, and throws for any other.
    const auth = ctx.state.auth as RequestAuth<W> | undefined;
    if (auth === undefined) throw new TypeError('requireAction needs bearerAuth to run before it');
    requireAccess(auth, action, describe?.(ctx));
    await next();
  };
}
