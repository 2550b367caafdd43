/** The answer to a request, independent of the transport. */
export interface Reply {
  readonly status: number;
  readonly headers?: ReplyHeaders;
  /** Absent for an empty body. */
  readonly body?: ReplyBody;
}

export type ReplyHeaders = Readonly<Record<string, string | readonly string[]>>;

export type ReplyBody =
  | { readonly json: unknown }
  /** Its type is in the headers. */
  | { readonly text: string }
  | { readonly stream: AsyncIterable<string | Uint8Array> }
  | EventsBody;

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), each a frame of `sse.ts`. The
 * transport adds a heartbeat when they are silent.
 */
export interface EventsBody {
  readonly events: AsyncIterable<string | Uint8Array>;
  /** The length of a silence after which a heartbeat is sent; only tests set it. */
  readonly silenceMilliseconds?: number;
  /** The frame that is sent as a heartbeat; a comment by default. */
  readonly heartbeat?: string;
  /** The frames are lines of JSON (https://github.com/ndjson/ndjson-spec) instead. */
  readonly lines?: true;
}

/** How much is written at once. */
const PIECE_CHARACTERS = 262_144;

const JSON_HEADERS: ReplyHeaders = { 'Content-Type': 'application/json; charset=utf-8' };

/** Keeps proxies from caching, transforming or buffering a stream of events. */
const STREAM_HEADERS: ReplyHeaders = { 'Cache-Control': 'no-cache, no-transform', 'X-Accel-Buffering': 'no' };
const EVENT_STREAM_HEADERS: ReplyHeaders = { 'Content-Type': 'text/event-stream; charset=utf-8', ...STREAM_HEADERS };
const LINES_HEADERS: ReplyHeaders = { 'Content-Type': 'application/x-ndjson; charset=utf-8', ...STREAM_HEADERS };

/** The headers that follow from the type of a body; texts and streams bring their own. */
export function headersOf(body: Reply['body']): ReplyHeaders {
  if (body === undefined) return {};
  if ('json' in body) return JSON_HEADERS;
  if ('events' in body) return body.lines ? LINES_HEADERS : EVENT_STREAM_HEADERS;
  return {};
}

/** Answers with a value as JSON. */
export const json = (value: unknown, status = 200): Reply => ({ status, body: { json: value } });

/** Answers with JSON that is written already. */
export const jsonText = (text: string): Reply => ({ status: 200, headers: JSON_HEADERS, body: { text } });

/** Answers with a large value, whose JSON is written between other work. */
export const jsonInPieces = (pieces: Iterable<string>): Reply => ({
  status: 200,
  headers: JSON_HEADERS,
  body: { stream: betweenOtherWork(pieces) },
});

async function* betweenOtherWork(pieces: Iterable<string>): AsyncGenerator<string> {
  let characters = 0;
  for (const piece of pieces) {
    yield piece;
    characters += piece.length;
    if (characters < PIECE_CHARACTERS) continue;
    characters = 0;
    await new Promise(setImmediate);
  }
}

/**
 * Answers with server-sent events. A slow reader slows the source down; the source ends when the reader disconnects.
 */
export const events = (frames: AsyncIterable<string>, heartbeat?: string): Reply => ({
  status: 200,
  body: { events: frames, ...(heartbeat !== undefined && { heartbeat }) },
});

/** Answers with lines of JSON, as `events` does. A heartbeat is a space, which belongs to the line that follows. */
export const lines = (frames: AsyncIterable<string>): Reply => ({
  status: 200,
  body: { events: frames, lines: true, heartbeat: ' ' },
});
