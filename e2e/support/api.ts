import { type ChatStream, readChatStream } from './chat-stream.ts';
import type { Json } from './json.ts';

/** An answer of a server; `body` is its JSON. */
export interface Answer<Body = Json> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Sends requests to a server with one token, as curl would. */
export interface Api {
  readonly token: string | undefined;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  patch(path: string, body: unknown): Promise<Answer>;
  delete(path: string): Promise<Answer>;
  /** `POST /api/v1/chat` with the nano model, not streamed. Aborting it disconnects the client. */
  chat(body: Record<string, unknown>, signal?: AbortSignal): Promise<Answer>;
  /** The same, streamed. Throws when the server refuses. */
  stream(body: Record<string, unknown>): Promise<ChatStream>;
}

export function createApi(url: string, token: string | undefined): Api {
  const send = (method: string, path: string, body: unknown, options: RequestInit = {}): Promise<Response> =>
    fetch(url + path, {
      method,
      ...options,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const exchange = async (method: string, path: string, body: unknown, options: RequestInit): Promise<Answer> => {
    const response = await send(method, path, body, options);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  const request: Api['request'] = (method, path, body, headers = {}) => exchange(method, path, body, { headers });
  return {
    token,
    request,
    get: (path) => request('GET', path),
    post: (path, body) => request('POST', path, body),
    patch: (path, body) => request('PATCH', path, body),
    delete: (path) => request('DELETE', path),
    chat: (body, signal) =>
      exchange('POST', '/api/v1/chat', { model: 'latchkey/nano', ...body }, signal === undefined ? {} : { signal }),
    stream: async (body) => {
      const leaving = new AbortController();
      const request = { model: 'latchkey/nano', ...body, stream: true };
      const response = await send('POST', '/api/v1/chat', request, { signal: leaving.signal });
      return readChatStream(response, leaving);
    },
  };
}
