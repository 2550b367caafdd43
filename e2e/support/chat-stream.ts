import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Json } from './json.ts';

/** An event as received: the name of the frame and its data. */
export interface StreamedEvent {
  readonly name: string | undefined;
  readonly data: Json;
}

/** A chat that is being streamed. */
export interface ChatStream {
  readonly headers: Headers;
  /** Reads up to and including the next event of one of the types; throws when the stream ends without one. */
  until(...types: readonly string[]): Promise<Json>;
  /** Reads to the end and returns all events, including those that were read before. */
  all(): Promise<readonly StreamedEvent[]>;
  /** Disconnects without reading the rest. */
  leave(): void;
}

export async function readChatStream(response: Response, leaving: AbortController): Promise<ChatStream> {
  if (response.body === null || response.headers.get('content-type') !== 'text/event-stream; charset=utf-8') {
    throw new Error(`Not a stream: HTTP ${response.status} ${await response.text()}`);
  }
  const frames = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  const reader = frames.getReader();
  const events: StreamedEvent[] = [];
  const next = async (): Promise<StreamedEvent | undefined> => {
    const { done, value } = await reader.read();
    if (done) return undefined;
    const event = { name: value.event, data: JSON.parse(value.data) as Json };
    events.push(event);
    return event;
  };
  return {
    headers: response.headers,
    until: async (...types) => {
      for (;;) {
        const event = await next();
        if (event === undefined) {
          throw new Error(`The stream ended without ${types.join(' or ')}: ${JSON.stringify(events)}`);
        }
        if (types.includes(event.data.type)) return event.data;
      }
    },
    all: async () => {
      while ((await next()) !== undefined);
      return events;
    },
    leave: () => leaving.abort(),
  };
}
