import { Readable } from 'node:stream';
import Koa, { type Context } from 'koa';
import type { App } from './http/app.ts';
import type { Reply } from './http/reply.ts';
import type { IncomingRequest } from './http/request.ts';
import { breakSilence } from './http/sse.ts';
import type { Logger } from './telemetry/logger.ts';

/**
 * Passes requests from Koa to an app, and its answers back. Koa only does HTTP and decides nothing.
 *
 * @param peer what the clients of all connections are, where they have no address
 */
export function toKoa(app: App, logger: Logger, peer?: string): Koa {
  const koa = new Koa();
  // An answer that broke off after its start: usually the reader has disconnected, or has sent invalid HTTP.
  koa.on('error', (error: NodeJS.ErrnoException, ctx?: Context) => {
    const request = ctx?.response.get('X-Request-Id');
    logger[isReaders(error) ? 'debug' : 'error']({ err: error, request }, 'an answer was not sent whole');
  });
  koa.use(async (ctx) => give(ctx, await app(incoming(ctx, peer))));
  return koa;
}

const OF_READERS = new Set(['ECONNABORTED', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Whether the error comes from the other end of a connection, not from the server. */
const isReaders = ({ code = '' }: NodeJS.ErrnoException): boolean => OF_READERS.has(code) || code.startsWith('HPE_');

function incoming({ req, res }: Pick<Context, 'req' | 'res'>, peer: string | undefined): IncomingRequest {
  // Each part that holds resources for a request listens for its end; more than ten listeners are not a leak.
  res.setMaxListeners(32);
  return {
    method: req.method ?? '',
    target: req.url ?? '',
    rawHeaders: req.rawHeaders,
    connection: peer === undefined ? req.socket : { remoteAddress: peer },
    body: req,
    onEnd: (listener) => {
      const end = (): void => listener({ status: res.statusCode, whole: res.writableFinished });
      if (res.closed) end();
      else res.once('close', end);
    },
  };
}

function give(ctx: Context, { status, headers, body }: Reply): void {
  for (const [name, value] of Object.entries(headers ?? {}))
    ctx.set(name, typeof value === 'string' ? value : [...value]);
  ctx.status = status;
  ctx.body = carried(body);
  // Set last, because Koa changes the status of an answer without a body.
  ctx.status = status;
  // A client waits for the headers before it waits for the first event, which may be long in coming.
  if (body !== undefined && 'events' in body && ctx.method !== 'HEAD') ctx.flushHeaders();
}

function carried(body: Reply['body']): string | Readable | null {
  if (body === undefined) return null;
  if ('json' in body) return JSON.stringify(body.json);
  if ('text' in body) return body.text;
  return Readable.from('events' in body ? breakSilence(body) : body.stream, { objectMode: false });
}
