import { Readable } from 'node:stream';
import type { Context } from 'koa';
import type { ServerState } from './state.ts';

/**
 * Answers with server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). A slow reader
 * slows the source down; a reader who goes away ends it. A silence of the source is broken by comment lines.
 */
export function sendEventStream(
  ctx: StreamingContext,
  frames: AsyncIterable<string>,
  silenceMilliseconds: number = SILENCE_MILLISECONDS,
): void {
  ctx.set('Content-Type', 'text/event-stream; charset=utf-8');
  ctx.set('Cache-Control', 'no-cache, no-transform');
  ctx.set('X-Accel-Buffering', 'no');
  // Comments are for the connection: they are no part of what is kept.
  ctx.body = Readable.from(breakSilence(recorded(ctx, frames), silenceMilliseconds), { objectMode: false });
}

/** Proxies and balancers cut connections on which nothing comes, after a minute most of the time. */
const SILENCE_MILLISECONDS = 15_000;
/** A line that every reader of such streams passes over. */
const COMMENT = ': still here\n\n';

async function* breakSilence<T>(frames: AsyncIterable<T>, milliseconds: number): AsyncGenerator<T | string> {
  const iterator = frames[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    for (;;) {
      const silence = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => silence.resolve(undefined), milliseconds);
      const result = await Promise.race([next, silence.promise]).finally(() => clearTimeout(timer));
      if (result === undefined) {
        yield COMMENT;
      } else if (result.done) {
        return;
      } else {
        yield result.value;
        next = iterator.next();
      }
    }
  } finally {
    await iterator.return?.();
  }
}

/** Streams what is written, and lets it be recorded where it is kept. */
export function streamBody(ctx: StreamingContext, source: AsyncIterable<string | Uint8Array>): void {
  ctx.body = Readable.from(recorded(ctx, source), { objectMode: false });
}

const recorded = <T extends string | Uint8Array>(
  ctx: StreamingContext,
  source: AsyncIterable<T>,
): AsyncIterable<string | Uint8Array> => ctx.state.record?.(source) ?? source;

type StreamingContext = Pick<Context, 'set' | 'body'> & { readonly state: Pick<ServerState, 'record'> };

/** One event with a name. `JSON.stringify` leaves no line breaks that could end the frame early. */
export const eventFrame = (name: string, payload: unknown): string =>
  `event: ${name}\ndata: ${JSON.stringify(payload)}\n\n`;

/** One event without a name, as OpenAI sends them. */
export const dataFrame = (payload: unknown): string => `data: ${JSON.stringify(payload)}\n\n`;
