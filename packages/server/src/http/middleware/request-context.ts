import type { Context, Middleware } from 'koa';
import { excerpt } from '../../telemetry/hide-secrets.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ServerState } from '../state.ts';

export interface RequestContextOptions {
  readonly logger: Logger;
  readonly createId: () => string;
  /** Fires when requests that still run must end. */
  readonly stopping: AbortSignal;
}

/** What is looked at of a path in the log. */
const PATH_CHARACTERS = 512;

/** What was asked for only to see whether the server answers is no news. */
function levelOf({ path, res }: Pick<Context, 'path' | 'res'>): 'debug' | 'info' | 'warn' {
  if (res.statusCode >= 500) return 'warn';
  return ['/health', '/live', '/ready'].includes(path) ? 'debug' : 'info';
}

/** Gives a request its id, its logger and the signal that ends it, and writes the line of the access log. */
export function requestContext({ logger, createId, stopping }: RequestContextOptions): Middleware<ServerState> {
  return async function requestContextMiddleware(ctx, next) {
    const startedAt = performance.now();
    const { remoteAddress } = ctx.req.socket;
    const gone = new AbortController();
    ctx.state.requestId = createId();
    ctx.state.logger = logger.child({ request: ctx.state.requestId });
    ctx.state.signal = AbortSignal.any([gone.signal, stopping]);
    ctx.state.ended = stopping;
    ctx.set('X-Request-Id', ctx.state.requestId);
    // Everybody who holds something for a request listens for its end; eleven of them are no leak.
    ctx.res.setMaxListeners(32);
    ctx.res.once('close', () => {
      if (!ctx.res.writableFinished) gone.abort(new Error('the caller went away'));
      ctx.state.logger[levelOf(ctx)](
        {
          method: ctx.method,
          path: excerpt(ctx.path, PATH_CHARACTERS),
          status: ctx.res.statusCode,
          address: ctx.state.address ?? remoteAddress,
          ms: Math.round((performance.now() - startedAt) * 10) / 10,
          ...(ctx.res.writableFinished ? {} : { aborted: true }),
          ...(ctx.state.auth === undefined ? {} : { token: ctx.state.auth.principal.id }),
        },
        'request',
      );
    });
    await next();
  };
}
