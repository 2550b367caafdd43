import Router from '@koa/router';
import type { Auth, Meter, Principal } from '@latchkey/auth-core';
import { createClientAddress } from '@latchkey/auth-core/http';
import { bearerAuth, limitRequests, requireAction } from '@latchkey/koa-auth';
import Koa, { type Context, type Middleware, type Next } from 'koa';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { ServerError } from '../contracts/server-error.ts';
import { auditRequests } from './middleware/audit-requests.ts';
import { type CheckOriginOptions, checkOrigin } from './middleware/check-origin.ts';
import { endWithToken } from './middleware/end-with-token.ts';
import { nameResourceMetadata } from './middleware/name-resource-metadata.ts';
import { renderErrors } from './middleware/render-errors.ts';
import { type RequestContextOptions, requestContext } from './middleware/request-context.ts';
import { dialectOf, type Route } from './routes.ts';
import type { ServerState } from './state.ts';

export interface AppOptions extends RequestContextOptions, CheckOriginOptions {
  readonly auth: Auth;
  readonly meter: Meter;
  readonly trail: Pick<AuditTrail, 'during' | 'refused'>;
  /** Who everybody is, while authentication is off. */
  readonly anonymous: Principal;
  /** Asked at each request. */
  readonly requiresAuthentication: () => Promise<boolean>;
  /** Take HTTP Basic as well, the password being the token. */
  readonly basicAuthentication: boolean;
  /** The reverse proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly routes: readonly Route[];
  /** Where the metadata of `/mcp` is, when there are authorization servers. */
  readonly resourceMetadata?: string;
}

/** The order of things: read this to know the server. */
export function createApp(options: AppOptions): Koa<ServerState> {
  const app = new Koa<ServerState>();
  const router = new Router<ServerState>();
  const { auth, trustedProxies, basicAuthentication: basic } = options;
  const authenticate = bearerAuth({ auth, basic, trustedProxies });
  const authenticateAnywhere = bearerAuth({ auth, basic, trustedProxies, anywhere: true });
  const identify = bearerAuth({ auth, trustedProxies, optional: options.anonymous });
  const unlessOpen =
    (guard: Middleware<ServerState>): Middleware<ServerState> =>
    async (ctx, next) =>
      (await options.requiresAuthentication()) ? guard(ctx, next) : identify(ctx, next);
  const limit = limitRequests({ meter: options.meter });
  const clientAddress = createClientAddress(trustedProxies);
  const authenticatorOf = ({ access, endsItself }: Route): Middleware<ServerState> => {
    if (NEVER_OPEN.has(access)) return authenticate;
    return unlessOpen(endsItself ? authenticateAnywhere : authenticate);
  };
  for (const route of options.routes) {
    const { method, path, access, handler } = route;
    const guards: Middleware<ServerState>[] = [auditRequests(options.trail, clientAddress, route)];
    if (access !== 'public') guards.push(authenticatorOf(route), limit);
    if (access !== 'public' && access !== 'authenticated') guards.push(requireAction(access));
    if (RUNS_LONG.has(access)) guards.push(unlessAnonymous(endWithToken(auth)));
    router.register(path, [method], [...guards, handler]);
  }

  // An answer that broke off after its beginning: most of the time its reader has left.
  app.on('error', (error: NodeJS.ErrnoException) => {
    const level = error.code === 'ERR_STREAM_PREMATURE_CLOSE' ? 'debug' : 'error';
    options.logger[level]({ err: error }, 'an answer was not sent whole');
  });
  app.use(requestContext(options));
  if (options.resourceMetadata !== undefined) app.use(nameResourceMetadata(options.resourceMetadata));
  app.use(renderErrors(dialectOf, { basic }));
  app.use(keptByNobody);
  app.use(checkOrigin(options));
  app.use(nothingThere);
  app.use(router.routes());
  // Sets the status and the Allow header; what to say about it is said above.
  app.use(router.allowedMethods());
  return app;
}

/** What needs a token even while authentication is off: who could switch it on again must not be everybody. */
const NEVER_OPEN: ReadonlySet<Route['access']> = new Set(['settings:read', 'settings:write']);

/** Chats, and people who watch what waits for their approval. */
const RUNS_LONG: ReadonlySet<Route['access']> = new Set(['chat', 'approvals:decide']);

const unlessAnonymous =
  (guard: Middleware<ServerState>): Middleware<ServerState> =>
  (ctx, next) =>
    ctx.state.auth.principal.kind === 'anonymous' ? next() : guard(ctx, next);

/** Answers are for one caller, and not every cache knows that a header made them so. What is for everybody says so. */
async function keptByNobody(ctx: Context, next: Next): Promise<void> {
  ctx.set('Cache-Control', 'no-store');
  await next();
}

/** What no route has answered gets an error like all others. */
async function nothingThere(ctx: Context, next: Next): Promise<void> {
  await next();
  if (ctx.status === 404 && ctx.body == null) {
    throw new ServerError('NOT_FOUND', `There is nothing at ${ctx.method} ${ctx.path.slice(0, 128)}.`);
  }
  if (ctx.status === 405 || ctx.status === 501) {
    const taken = ctx.response.get('Allow');
    throw new ServerError('METHOD_NOT_ALLOWED', `${ctx.path.slice(0, 128)} takes ${taken}, and not ${ctx.method}.`);
  }
}
