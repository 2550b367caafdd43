import type { EventsBody, Reply, ReplyBody } from '../http/reply.ts';

/** The messages in which a call is answered: one result, or one error. */
export class CallAnswer {
  readonly #id: number;

  constructor(id: number) {
    this.#id = id;
  }

  error(error: unknown): object {
    return { type: 'rpcError', callId: this.#id, error };
  }

  async *packetsOf({ status, body }: Reply): AsyncGenerator<object> {
    if (status >= 400) yield this.error(errorIn(body));
    else if (isStream(body)) yield this.error(OF_CHANNELS);
    else
      yield { type: 'rpcResult', callId: this.#id, ...(body !== undefined && 'json' in body && { result: body.json }) };
  }
}

/** The messages in which a channel is answered: packets, and its end or an error. */
export class ChannelAnswer {
  readonly #id: number;

  constructor(id: number) {
    this.#id = id;
  }

  error(error: unknown): object {
    return { type: 'channelError', channelId: this.#id, error };
  }

  async *packetsOf({ status, body }: Reply): AsyncGenerator<object> {
    if (status >= 400 || !isStream(body)) {
      yield this.error(errorIn(body));
      return;
    }
    for await (const frame of body.events) {
      for (const line of String(frame).split('\n')) {
        if (line.trim() === '') continue;
        const message = JSON.parse(line) as { readonly type: string; readonly error?: unknown };
        if (message.type === 'error') {
          yield this.error(message.error);
          return;
        }
        yield { type: 'channelSend', channelId: this.#id, message };
      }
    }
    yield { type: 'channelClose', channelId: this.#id };
  }
}

/** Whether an answer comes in packets, as those to channels do. */
export const isStream = (body: ReplyBody | undefined): body is EventsBody => body !== undefined && 'events' in body;

const OF_CHANNELS = { title: 'This is answered on a channel only.', rootTitle: 'This is answered on a channel only.' };
export const UNKNOWN = { title: 'The server did not answer this.', rootTitle: 'The server did not answer this.' };

/** The error of a reply, as its dialect has rendered it. */
const errorIn = (body: ReplyBody | undefined): unknown => (body !== undefined && 'json' in body ? body.json : UNKNOWN);

/** The title of the error in a refusal. */
export function titleOf(body: ReplyBody | undefined): string | undefined {
  const error = errorIn(body);
  return typeof error === 'object' && error !== null && 'title' in error ? String(error.title) : undefined;
}
