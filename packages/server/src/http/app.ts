import Router from '@koa/router';
import type { Principal } from '@latchkey/auth-core';
import { createClientAddress } from '@latchkey/auth-core/http';
import type { Auth, Meter } from '@latchkey/auth-core/llm';
import { bearerAuth, limitRequests, requireAction } from '@latchkey/koa-auth';
import Koa, { type Context, type Middleware, type Next } from 'koa';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { ServerError } from '../contracts/server-error.ts';
import { lmstudioDialect } from '../dialects/lmstudio/errors.ts';
import type { KeyedRequests } from '../idempotency/keyed-requests.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createDialectOf } from './dialect-of.ts';
import { unlessAway } from './end-tokens.ts';
import { answerOnce } from './middleware/answer-once.ts';
import { auditRequests } from './middleware/audit-requests.ts';
import { type CheckOriginOptions, checkOrigin } from './middleware/check-origin.ts';
import { endWithToken } from './middleware/end-with-token.ts';
import { nameResourceMetadata } from './middleware/name-resource-metadata.ts';
import { renderErrors } from './middleware/render-errors.ts';
import { type RequestContextOptions, requestContext } from './middleware/request-context.ts';
import { verifyAgain } from './middleware/verify-again.ts';
import { readBody } from './read-body.ts';
import type { Route, RouteBody } from './route.ts';
import type { ServerState } from './state.ts';

export interface AppOptions extends RequestContextOptions, CheckOriginOptions {
  readonly auth: Auth;
  readonly meter: Meter;
  readonly trail: Pick<AuditTrail, 'during' | 'refused' | 'hasActed'>;
  /** The requests that are sent with a key. */
  readonly keyedRequests: Pick<KeyedRequests, 'take'>;
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
  const router = new Router<ServerState>({ sensitive: true });
  const stepsOf = createSteps(options);
  for (const route of options.routes) router.register(route.path, [route.method], [...stepsOf(route), route.handler]);

  // An answer that broke off after its beginning: most of the time its reader has left, or what it sent was no HTTP any more.
  app.on('error', (error: NodeJS.ErrnoException, ctx?: Context) => {
    const logger: Logger = ctx?.state.logger ?? options.logger;
    logger[isReaders(error) ? 'debug' : 'error']({ err: error }, 'an answer was not sent whole');
  });
  const dialectOf = createDialectOf(options.routes, lmstudioDialect);
  app.use(requestContext(options));
  if (options.resourceMetadata !== undefined) app.use(nameResourceMetadata(options.resourceMetadata, dialectOf));
  app.use(renderErrors(dialectOf, { basic: options.basicAuthentication }));
  app.use(withSafeHeaders);
  app.use(checkOrigin(options));
  app.use(nothingThere);
  app.use(router.routes());
  // Sets the status and the Allow header; what to say about it is said above.
  app.use(router.allowedMethods());
  return app;
}

const OF_READERS = new Set(['ECONNABORTED', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Whether the other end of a connection has made an error, and not the server. */
const isReaders = ({ code = '' }: NodeJS.ErrnoException): boolean => OF_READERS.has(code) || code.startsWith('HPE_');

/**
 * What a request to a route passes before its handler: who asks, whether it may, its body, after which both are asked again,
 * and whether the same was asked before.
 */
function createSteps(options: AppOptions): (route: Route) => readonly Middleware<ServerState>[] {
  const { auth, trustedProxies, basicAuthentication: basic, requiresAuthentication } = options;
  const authenticate = bearerAuth({ auth, basic, trustedProxies });
  const authenticateToEnd = {
    itself: bearerAuth({ auth, basic, trustedProxies, recall: true, anywhere: true }),
    others: bearerAuth({ auth, basic, trustedProxies, recall: true }),
  };
  const identify = bearerAuth({ auth, trustedProxies, optional: options.anonymous });
  const unlessOpen =
    (guard: Middleware<ServerState>): Middleware<ServerState> =>
    async (ctx, next) =>
      (await requiresAuthentication()) ? guard(ctx, next) : identify(ctx, next);
  /** While nobody can say whether a token is needed, one is. */
  const unlessSurelyOpen =
    (guard: Middleware<ServerState>): Middleware<ServerState> =>
    async (ctx, next) =>
      (await unlessAway(requiresAuthentication)) === false ? identify(ctx, next) : guard(ctx, next);
  const admit = limitRequests({ meter: options.meter, goesOn: ({ state }) => state.goesOn });
  /** To end a token must not wait for the place where requests are counted. */
  const admitUnlessAway: Middleware<ServerState> = async (ctx, next) => {
    await unlessAway(() => admit(ctx, async () => undefined));
    await next();
  };
  const entranceOf = ({ access, neverOpen, ends }: Route): readonly Middleware<ServerState>[] => {
    if (access === 'public') return [];
    if (ends !== undefined) return [unlessSurelyOpen(authenticateToEnd[ends]), admitUnlessAway];
    return [neverOpen ? authenticate : unlessOpen(authenticate), admit];
  };
  const clientAddress = createClientAddress(trustedProxies);
  const again = verifyAgain(async () => !(await requiresAuthentication()));
  const watchToken = unlessAnonymous(endWithToken(auth));

  return (route) => {
    const { access, body, runsLong, idempotency } = route;
    const isPublic = access === 'public';
    const authorize = isPublic || access === 'authenticated' ? [] : [requireAction(access)];
    const decideAgain = async (ctx: ServerContext): Promise<void> => {
      for (const decide of [again, ...authorize]) await decide(ctx, async () => undefined);
    };
    const once = { requests: options.keyedRequests, trail: options.trail, decideAgain };
    return [
      auditRequests(options.trail, clientAddress, route),
      ...entranceOf(route),
      ...authorize,
      ...(runsLong ? [watchToken] : []),
      ...(body === undefined ? [] : [takeBody(body), ...(isPublic ? [] : [again, ...authorize])]),
      ...(idempotency === undefined || idempotency === 'none' ? [] : [answerOnce(once, { ...route, idempotency })]),
    ];
  };
}

type ServerContext = Parameters<Middleware<ServerState>>[0];

const takeBody = (body: RouteBody): Middleware<ServerState> =>
  async function takeBodyMiddleware(ctx, next) {
    ctx.state.body = await readBody(ctx, body, ctx.state.signal);
    await next();
  };

const unlessAnonymous =
  (guard: Middleware<ServerState>): Middleware<ServerState> =>
  (ctx, next) =>
    ctx.state.auth.principal.kind === 'anonymous' ? next() : guard(ctx, next);

/**
 * Answers are for one caller, and not every cache knows that a header made them so; what is for everybody says so. They are
 * what their type says, and no page of another origin embeds them.
 */
async function withSafeHeaders(ctx: Context, next: Next): Promise<void> {
  ctx.set({
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
  });
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
