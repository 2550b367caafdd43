import { UNIX_PEER } from './client-address.ts';
import type { PresentedRequest } from './presented-request.ts';
import type { ReadHeader } from './read-header.ts';

/**
 * The parts that are read of a Node request. Requests of `node:http`, of HTTP/2, of every framework on them, and
 * emulated ones such as those of AWS Lambda have them.
 */
export interface NodeRequest {
  /** Names and values in turns, as received. Emulated requests leave it out, or leave it empty. */
  readonly rawHeaders?: readonly string[];
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly url?: string | undefined;
  readonly socket?: NodeSocket | null | undefined;
}

/** The parts that are read of a connection. */
export interface NodeSocket {
  readonly remoteAddress?: string | undefined;
  /** What has accepted the connection; its address is a path where it listens at a Unix socket. */
  readonly server?: { address?(): unknown } | null | undefined;
}

const NONE: readonly string[] = [];

/**
 * Reads the parts of a Node request that identify its caller. The header lines are read one by one from `rawHeaders`,
 * since Node drops a second `Authorization` line from `headers`. A request without raw headers was made by a program,
 * and is read from `headers`. The address is that of the connection; see {@link readNodePeer}.
 *
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { createRequestAuthenticator, readNodeRequest } from '@latchkey/auth-core/http';
 * import { createServer } from 'node:http';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
 * const authenticate = createRequestAuthenticator({ auth });
 * export const server = createServer(async (request, response) => {
 *   const caller = await authenticate(readNodeRequest(request)).catch(() => undefined);
 *   response.writeHead(caller === undefined ? 401 : 200).end(caller?.principal.name);
 * });
 * ```
 */
export function readNodeRequest(request: NodeRequest): PresentedRequest {
  return { header: readNodeHeaders(request), peer: readNodePeer(request.socket), url: request.url };
}

/**
 * The address at the other end of a connection: `unix` where the server listens at a Unix socket. A connection that was
 * reset has no address either, so it is the server that is asked and not the connection.
 *
 * @example
 * ```ts
 * import { readNodePeer } from '@latchkey/auth-core/http';
 * import { createServer } from 'node:http';
 *
 * export const server = createServer((request, response) => {
 *   response.end(readNodePeer(request.socket));
 * });
 * ```
 */
export function readNodePeer(socket: NodeSocket | null | undefined): string | undefined {
  return socket?.remoteAddress ?? (typeof socket?.server?.address?.() === 'string' ? UNIX_PEER : undefined);
}

/**
 * Reads the header fields of a Node request, each line separately. Only a few are needed, so they are looked up in
 * `rawHeaders`: to group all of them, as `headersDistinct` does, would take longer than to verify a token.
 */
export function readNodeHeaders({ rawHeaders = NONE, headers = {} }: NodeRequest): ReadHeader {
  if (rawHeaders.length === 0) return readHeaderObject(headers);
  return (name) => {
    let values: string[] | undefined;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const field = rawHeaders[index] ?? '';
      if (field.length !== name.length || field.toLowerCase() !== name) continue;
      values ??= [];
      values.push(rawHeaders[index + 1] ?? '');
    }
    return values ?? NONE;
  };
}

/** Names may be in any case, and two of them may be the same name. */
function readHeaderObject(headers: NonNullable<NodeRequest['headers']>): ReadHeader {
  return (name) =>
    Object.entries(headers)
      .filter(([field]) => field.length === name.length && field.toLowerCase() === name)
      .flatMap(([, value]) => value ?? []);
}

/**
 * Reads the parts of a fetch request that identify its caller. A fetch request does not contain the address of the
 * connection; pass what the runtime has. Without an address, a grant with `networks` denies.
 *
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { createRequestAuthenticator, readFetchRequest } from '@latchkey/auth-core/http';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
 * const authenticate = createRequestAuthenticator({ auth });
 * export async function answer(request: Request, address: string): Promise<Response> {
 *   const { principal } = await authenticate(readFetchRequest(request, address));
 *   return Response.json({ hello: principal.name });
 * }
 * ```
 */
export function readFetchRequest(request: FetchRequest, peer?: string): PresentedRequest {
  const { headers } = request;
  return {
    // Several lines are joined by commas, and no token contains one: a line that was sent twice is malformed.
    header(name) {
      const value = headers.get(name);
      return value === null ? NONE : [value];
    },
    peer,
    get url() {
      return request.url;
    },
  };
}

/** The parts that are read of a fetch request. */
export interface FetchRequest extends Pick<Request, 'headers'> {
  readonly url?: string;
}
