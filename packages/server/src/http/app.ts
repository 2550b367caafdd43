import Router from '@koa/router';
import type { Auth, Meter, Principal } from '@latchkey/auth-core';
import { bearerAuth, limitRequests, requireAction } from '@latchkey/koa-auth';
import Koa, { type Context, type Middleware, type Next } from 'koa';
import { ServerError } from '../contracts/server-error.ts';
import { type CheckOriginOptions, checkOrigin } from './middleware/check-origin.ts';
import { endWithToken } from './middleware/end-with-token.ts';
import { renderErrors } from './middleware/render-errors.ts';
import { type RequestContextOptions, requestContext } from './middleware/request-context.ts';
import { dialectOf, type Route } from './routes.ts';
import type { ServerState } from './state.ts';

export interface AppOptions extends RequestContextOptions, CheckOriginOptions {
  readonly auth: Auth;
  readonly meter: Meter;
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
  const limit = limitRequests({ meter: options.meter });
  for (const { method, path, access, handler } of options.routes) {
    const guards: Middleware<ServerState>[] = [];
    if (access !== 'public') guards.push(authenticate, limit);
    if (access !== 'public' && access !== 'authenticated') guards.push(requireAction(access));
    if (access === 'chat' && options.anonymous === undefined) guards.push(endWithToken(options.auth));
    router.register(path, [method], [...guards, handler]);
  }

  // An answer that broke off after its beginning: most of the time its reader has left.
  app.on('error', (error: NodeJS.ErrnoException) => {
    const level = error.code === 'ERR_STREAM_PREMATURE_CLOSE' ? 'debug' : 'error';
    options.logger[level]({ err: error }, 'an answer was not sent whole');
  });
  app.use(requestContext(options));
  app.use(renderErrors(dialectOf));
  app.use(checkOrigin(options));
  app.use(nothingThere);
  app.use(router.routes());
  // Sets the status and the Allow header; what to say about it is said above.
  app.use(router.allowedMethods());
  return app;
}

/** What no route has answered gets an error like all others. */
async function nothingThere(ctx: Context, next: Next): Promise<void> {
  await next();
  if (ctx.status === 404 && ctx.body == null) {
    throw new ServerError('NOT_FOUND', `There is nothing at ${ctx.method} ${ctx.path.slice(0, 128)}.`);
  }
  if (ctx.status === 405 || ctx.status === 501) {
    throw new ServerError('METHOD_NOT_ALLOWED', `${ctx.path.slice(0, 128)} does not take ${ctx.method}.`);
  }
}
