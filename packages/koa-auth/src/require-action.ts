import { type AccessRequest, type Action, PermissionDeniedError } from '@latchkey/auth-core';
import type { RequestAuth } from '@latchkey/auth-core/http';
import type { Context, Middleware } from 'koa';
import type { AuthState } from './state.ts';

/**
 * Creates the middleware that lets a request pass only if the caller's authority allows the action. `describe` adds
 * what else the request is about, such as the model.
 *
 * @throws {AuthError} `AUTH_PERMISSION_DENIED`, from the middleware, with the decision
 * @throws {TypeError} from the middleware, when no `bearerAuth` runs before it
 * @example
 * ```ts
 * import { requireAction } from '@latchkey/koa-auth';
 *
 * export const mayLoad = requireAction('models:load', (ctx) => ({ model: ctx.path.slice('/models/'.length) }));
 * ```
 */
export function requireAction(
  action: Action,
  describe?: (ctx: Context) => Partial<Omit<AccessRequest, 'action'>> | undefined,
): Middleware<AuthState> {
  return async function requireAction(ctx, next) {
    const auth: RequestAuth | undefined = ctx.state.auth;
    if (auth === undefined) throw new TypeError('requireAction needs bearerAuth to run before it');
    const decision = auth.decide({ ...describe?.(ctx), action });
    if (!decision.allowed) throw new PermissionDeniedError(decision);
    await next();
  };
}
