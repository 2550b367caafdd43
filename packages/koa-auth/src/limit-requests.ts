import type { ServerResponse } from 'node:http';
import type { Admission, Meter } from '@latchkey/auth-core';
import { admitOnce, type RequestAuth, rateLimitHeaders } from '@latchkey/auth-core/http';
import type { Context, Middleware } from 'koa';
import type { AdmissionState } from './state.ts';

/** Options of {@link limitRequests}. */
export interface LimitRequestsOptions {
  readonly meter: Pick<Meter, 'admit'>;
  /**
   * Called when the response is closed: returns a promise for work of the request that continues after that. The
   * admission is released when this work has ended as well. The promise must not reject.
   */
  readonly goesOn?: (ctx: Context) => Promise<void> | undefined;
}

/**
 * Creates the middleware that counts a request against its caller's limits. It sets `ctx.state.admission`, with which
 * a handler reserves tokens, and reports in `RateLimit-Policy` and `RateLimit` what is left. The admission is released
 * when the response is closed, for any reason, and the work that `goesOn` returns has ended. A request that passes
 * several of them with one meter, such as that of the app and that of a router, is counted once.
 *
 * @throws {AuthError} `AUTH_LIMIT_EXCEEDED` or `AUTH_STORE_UNAVAILABLE`, from the middleware; nothing downstream has
 * run then
 * @throws {TypeError} from the middleware, when no `bearerAuth` runs before it
 * @example
 * ```ts
 * import { budget, createAuth, createMemoryLimitStore, createMemoryTokenStore, createMeter, defineVocabulary } from '@latchkey/auth-core';
 * import { type AdmissionState, bearerAuth, limitRequests } from '@latchkey/koa-auth';
 * import Koa from 'koa';
 *
 * const vocabulary = defineVocabulary({ actions: ['pages:print'], limits: { pagesPerDay: budget('day') } });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey });
 * const meter = createMeter({ vocabulary, store: createMemoryLimitStore() });
 *
 * export const app = new Koa<AdmissionState>();
 * app.use(bearerAuth({ auth }));
 * app.use(limitRequests({ meter }));
 * app.use(async (ctx) => {
 *   const reservation = await ctx.state.admission.reserve('pagesPerDay', 20, 1);
 *   ctx.body = { pages: reservation.granted };
 *   await reservation.settle(0);
 * });
 * ```
 */
export function limitRequests({ meter, goesOn }: LimitRequestsOptions): Middleware<AdmissionState> {
  if (typeof meter?.admit !== 'function') throw new TypeError("limitRequests: the option 'meter' is missing");
  return async function limitRequests(ctx, next) {
    const auth: RequestAuth | undefined = ctx.state.auth;
    if (auth === undefined) throw new TypeError('limitRequests needs bearerAuth to run before it');
    const { admission, isFirst } = await admitOnce(meter, ctx.req, auth.principal);
    if (isFirst && admission.holdsPlace) releaseAtEnd(ctx.res, admission, () => goesOn?.(ctx));
    ctx.state.admission = admission;
    if (!ctx.headerSent) setHeaders(ctx.res, rateLimitHeaders(admission.states));
    await next();
  };
}

function releaseAtEnd(response: ServerResponse, admission: Admission, goesOn: () => Promise<void> | undefined): void {
  const release = async (): Promise<void> => {
    await goesOn();
    await admission.release();
  };
  // The client may have disconnected while it waited for the admission.
  if (response.closed) void release();
  else response.once('close', () => void release());
}

/** Sets the headers as `ctx.set` does, without copying each value. */
function setHeaders(response: ServerResponse, headers: Record<string, string>): void {
  for (const name in headers) response.setHeader(name, headers[name] ?? '');
}
