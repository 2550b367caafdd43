import Router from '@koa/router';
import type { Auth, Principal } from '@latchkey/auth-core';
import { bearerAuth, requireAction } from '@latchkey/koa-auth';
import Koa, { type Middleware } from 'koa';
import { ServerError } from '../contracts/server-error.ts';
import { type CheckOriginOptions, checkOrigin } from './middleware/check-origin.ts';
import { renderErrors } from './middleware/render-errors.ts';
import { type RequestContextOptions, requestContext } from './middleware/request-context.ts';
import { dialectOf, type Route } from './routes.ts';
import type { ServerState } from './state.ts';

export interface AppOptions extends RequestContextOptions, CheckOriginOptions {
  readonly auth: Auth;
  /** Who everybody is when authentication is off. */
  readonly anonymous: Principal | undefined;
  readonly routes: readonly Route[];
}

/** The order of things: read this to know the server. */
export function createApp(options: AppOptions): Koa<ServerState> {
  const app = new Koa<ServerState>();
  const router = new Router<ServerState>();
  const authenticate = bearerAuth({
    auth: options.auth,
    ...(options.anonymous === undefined ? {} : { optional: options.anonymous }),
  });
  for (const { method, path, access, handler } of options.routes) {
    const guards: Middleware<ServerState>[] =
      access === 'public' ? [] : access === 'authenticated' ? [authenticate] : [authenticate, requireAction(access)];
    router.register(path, [method], [...guards, handler]);
  }

  app.use(requestContext(options));
  app.use(renderErrors(dialectOf));
  app.use(checkOrigin(options));
  app.use(router.routes());
  app.use(
    router.allowedMethods({
      throw: true,
      methodNotAllowed: () => new ServerError('METHOD_NOT_ALLOWED', 'This path does not take this method.'),
      notImplemented: () => new ServerError('METHOD_NOT_ALLOWED', 'This server does not know this method.'),
    }),
  );
  app.use(async function notFound(ctx) {
    throw new ServerError('NOT_FOUND', `There is nothing at ${ctx.method} ${ctx.path.slice(0, 128)}.`);
  });
  return app;
}
