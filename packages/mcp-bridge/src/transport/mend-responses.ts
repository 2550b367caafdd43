import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import type { Fetch } from './guarded-fetch.ts';
import { readMessages, unreadable } from './mend-message.ts';

/**
 * Wraps `fetch` so that what a server answers reaches the SDK as it was meant (`readMessages`), whole bodies and events
 * of streams alike. A body that does not answer the request becomes an error that says so. Bodies must be bounded
 * already.
 */
export const mendResponses =
  (fetch: Fetch): Fetch =>
  async (url, init = {}) => {
    const response = await fetch(url, init);
    if (!response.ok || response.body === null || response.status === 202) return response;
    const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    const { status, statusText } = response;
    const headers = new Headers(response.headers);
    headers.delete('content-length');
    if (type === 'text/event-stream') {
      return new Response(response.body.pipeThrough(mendEvents()), { status, statusText, headers });
    }
    if (type !== 'application/json') return response;
    const asked = requestOf(init.body);
    return new Response(mendBody(await response.text(), asked), { status, statusText, headers });
  };

type RequestId = string | number;

function requestOf(body: unknown): RequestId | undefined {
  if (typeof body !== 'string') return undefined;
  const message: unknown = JSON.parse(body);
  if (typeof message !== 'object' || message === null || !('id' in message) || !('method' in message)) return undefined;
  const { id } = message;
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

function mendBody(body: string, asked: RequestId | undefined): string {
  if (asked === undefined) return body;
  const value = parse(body);
  const messages = readMessages(value);
  if (messages.some((message) => answers(message, asked))) {
    return JSON.stringify(messages.length === 1 ? messages[0] : messages);
  }
  // An error whose sender did not know the request is meant for it: nothing else was asked here.
  const [only] = [value].flat();
  const error = isObject(only) && isObject(only.error) ? only.error : undefined;
  const what = body.trim() === '' ? 'its answer is empty' : 'its answer does not answer the request';
  const answer = error === undefined ? unreadable(value === undefined && body.trim() !== '' ? NOT_JSON : what) : error;
  return JSON.stringify([...messages, ...readMessages({ id: asked, error: answer })]);
}

const NOT_JSON = 'its answer is not JSON';

const answers = (message: JSONRPCMessage, asked: RequestId): boolean =>
  !('method' in message) && 'id' in message && String(message.id) === String(asked);

/** Mends the messages in a stream of server-sent events; all else in it passes unchanged. */
function mendEvents(): TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const end = /(?:\r\n|\n|\r)(?:\r\n|\n|\r)/g;
  let pending = '';
  return new TransformStream({
    transform(chunk, controller) {
      // The end of an event may lie across two chunks.
      const from = Math.max(0, pending.length - 3);
      pending += decoder.decode(chunk, { stream: true });
      let start = 0;
      end.lastIndex = from;
      for (let found = end.exec(pending); found !== null; found = end.exec(pending)) {
        controller.enqueue(encoder.encode(mendEvent(pending.slice(start, end.lastIndex))));
        start = end.lastIndex;
      }
      pending = pending.slice(start);
    },
    flush(controller) {
      if (pending !== '') controller.enqueue(encoder.encode(pending));
    },
  });
}

function mendEvent(event: string): string {
  const lines = event.split(/\r\n|\n|\r/);
  const isData = (line: string): boolean => /^data(?::|$)/.test(line);
  const data = lines.filter(isData).map((line) => line.replace(/^data:? ?/, ''));
  if (data.length === 0) return event;
  const value = parse(data.join('\n'));
  if (value === undefined) return event;
  const messages = readMessages(value);
  if (messages.length === 0) return event;
  const others = lines.filter((line) => line !== '' && !isData(line));
  // Each message is an event: the SDK takes no batches in a stream.
  return messages.map((message) => [...others, `data: ${JSON.stringify(message)}`, '', ''].join('\n')).join('');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
