/** What a request is answered with, whatever carries it. */
export interface Reply {
  readonly status: number;
  readonly headers?: ReplyHeaders;
  /** Absent: nothing. */
  readonly body?: ReplyBody;
}

export type ReplyHeaders = Readonly<Record<string, string | readonly string[]>>;

export type ReplyBody =
  | { readonly json: unknown }
  /** Its type is among the headers. */
  | { readonly text: string }
  | { readonly stream: AsyncIterable<string | Uint8Array> }
  | EventsBody;

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), each a frame of `sse.ts`; what carries
 * them breaks their silences.
 */
export interface EventsBody {
  readonly events: AsyncIterable<string | Uint8Array>;
  /** After how long a silence is broken; only tests set it. */
  readonly silenceMilliseconds?: number;
  /** The frame that breaks it; absent: a comment. */
  readonly heartbeat?: string;
}

const JSON_HEADERS: ReplyHeaders = { 'Content-Type': 'application/json; charset=utf-8' };

/** Nothing on the way keeps a stream of events, or waits for more of it. */
const EVENT_STREAM_HEADERS: ReplyHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

/** What a body says of itself; of texts and streams that is among their own headers. */
export function headersOf(body: Reply['body']): ReplyHeaders {
  if (body === undefined) return {};
  if ('json' in body) return JSON_HEADERS;
  return 'events' in body ? EVENT_STREAM_HEADERS : {};
}

/** Answers with a value as JSON. */
export const json = (value: unknown, status = 200): Reply => ({ status, body: { json: value } });

/** Answers with server-sent events. A slow reader slows the source down; a reader that goes away ends it. */
export const events = (frames: AsyncIterable<string>, heartbeat?: string): Reply => ({
  status: 200,
  body: { events: frames, ...(heartbeat !== undefined && { heartbeat }) },
});
