import { type NodeResponse, nodeHost } from './node-host.ts';
import type { NodeRequest } from './read-request.ts';

/** A fetch handler; `peer` is the address at the other end of the connection. */
export type FetchHandler = (request: Request, peer?: string) => Promise<Response>;

/** A Node request as a framework passes it on. */
export interface ServedRequest extends NodeRequest, AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** The whole URL, if a framework has removed its beginning. */
  readonly originalUrl?: string;
  readonly readableEnded?: boolean;
  /** The body as an earlier parser has parsed it. */
  readonly body?: unknown;
}

/**
 * Makes a fetch request of a Node request, for a fetch handler that is mounted in an app on Node. The body is not read
 * before the handler reads it. The host in its URL is `localhost`.
 */
export function toFetchRequest(request: ServedRequest, response: NodeResponse): Request {
  const { method = 'GET', rawHeaders = [], headers = {} } = request;
  const lines = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) append(lines, rawHeaders[index], rawHeaders[index + 1]);
  if (rawHeaders.length === 0) {
    for (const [name, values] of Object.entries(headers)) {
      for (const value of [values ?? []].flat()) append(lines, name, value);
    }
  }
  const path = request.originalUrl ?? request.url ?? '/';
  return new Request(`http://localhost${path.startsWith('/') ? path : '/'}`, {
    method,
    headers: lines,
    signal: nodeHost(response).clientSignal(),
    ...(method !== 'GET' && method !== 'HEAD' && { body: bodyOf(request), duplex: 'half' }),
  } as RequestInit);
}

/** Sends the whole of a fetch response as a Node response. */
export async function sendFetchResponse(response: NodeResponse, answer: Response): Promise<void> {
  const text = await answer.text();
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  response.end(text);
}

function append(lines: Headers, name = '', value = ''): void {
  // Pseudo headers of HTTP/2 are not header fields.
  if (!name.startsWith(':')) lines.append(name, value);
}

/** The body as it arrives, or as an earlier parser has parsed it. */
function bodyOf(request: ServedRequest): ReadableStream | string | null {
  if (!request.readableEnded) return ReadableStream.from(request);
  return request.body === undefined ? null : JSON.stringify(request.body);
}
