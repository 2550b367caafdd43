import { Readable } from 'node:stream';
import type { Context } from 'koa';
import type { ServerState } from './state.ts';

/**
 * Answers with server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). A slow reader
 * slows the source down; a reader who goes away ends it.
 */
export function sendEventStream(ctx: StreamingContext, frames: AsyncIterable<string>): void {
  ctx.set('Content-Type', 'text/event-stream; charset=utf-8');
  ctx.set('Cache-Control', 'no-cache, no-transform');
  ctx.set('X-Accel-Buffering', 'no');
  streamBody(ctx, frames);
}

/** Streams what is written, and lets it be recorded where it is kept. */
export function streamBody(ctx: StreamingContext, source: AsyncIterable<string | Uint8Array>): void {
  ctx.body = Readable.from(ctx.state.record?.(source) ?? source, { objectMode: false });
}

type StreamingContext = Pick<Context, 'set' | 'body'> & { readonly state: Pick<ServerState, 'record'> };

/** One event with a name. `JSON.stringify` leaves no line breaks that could end the frame early. */
export const eventFrame = (name: string, payload: unknown): string =>
  `event: ${name}\ndata: ${JSON.stringify(payload)}\n\n`;

/** One event without a name, as OpenAI sends them. */
export const dataFrame = (payload: unknown): string => `data: ${JSON.stringify(payload)}\n\n`;
