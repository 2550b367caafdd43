import type { Fetch } from './guarded-fetch.ts';

const understood = /^(application\/json|text\/event-stream)\s*(;|$)/i;
/** What servers say of JSON that they send without thinking of its type. */
const unsaid =
  /^(text\/plain|text\/json|application\/octet-stream|application\/[\w.-]+\+json|application\/json-?rpc)?\s*(;|$)/i;

/**
 * Wraps `fetch` so that two habits of servers and proxies do no harm: an answer that has no type, or that of plain text,
 * gets the type of what it begins with, and a 301 keeps the method and the body of a request, as a 308 does. Whether
 * the place is one that may be followed is judged where it is followed.
 */
export const mendHeaders =
  (fetch: Fetch): Fetch =>
  async (url, init = {}) => {
    const response = await fetch(url, init);
    if (response.status === 301 && init.method === 'POST') return withStatus(response, 308);
    const type = response.headers.get('content-type') ?? '';
    if (!response.ok || response.body === null || understood.test(type) || !unsaid.test(type)) return response;
    return withTypeOfContent(response, response.body);
  };

function withStatus({ body, headers }: Response, status: number): Response {
  return new Response(body, { status, headers });
}

async function withTypeOfContent(response: Response, body: ReadableStream<Uint8Array>): Promise<Response> {
  const reader = body.getReader();
  const first = await reader.read();
  const rest = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      if (first.value !== undefined) controller.enqueue(new Uint8Array(first.value));
      if (first.done) controller.close();
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  const type = typeOf(first.value);
  if (type !== undefined) headers.set('content-type', type);
  return new Response(rest, { status, statusText, headers });
}

function typeOf(beginning: Uint8Array | undefined): string | undefined {
  const text = new TextDecoder().decode(beginning?.subarray(0, 64)).trimStart();
  if (/^[{[]/.test(text)) return 'application/json';
  return /^(:|(data|event|id|retry):)/.test(text) ? 'text/event-stream' : undefined;
}
