import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** One request as it is written on the wire; a list is one header line for each of its values. */
export interface AdapterRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** The body is never completed: an answer comes only if it does not wait for that. */
  readonly unfinished?: boolean;
}

/** The received response. */
export interface AdapterAnswer {
  readonly status: number;
  /** By names in lower case; several lines are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request in progress. */
export interface PendingRequest {
  readonly answer: Promise<AdapterAnswer>;
  /** Closes the connection. */
  readonly leave: () => void;
}

/** How long a server may take to answer; without a limit, a failing case would wait forever. */
const DEADLINE_MILLISECONDS = 10_000;

/** Sends one request on its own connection. `fetch` is not suitable: it joins header lines and normalizes paths. */
export async function openRequest(url: string, wanted: AdapterRequest): Promise<PendingRequest> {
  // Imported only here: the contracts of stores must also load in runtimes without Node's modules.
  const { request } = await import('node:http');
  const { hostname, port } = new URL(url);
  const { method = 'GET', path, headers, body, unfinished = false } = wanted;
  const leaving = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(
    {
      hostname,
      port,
      method,
      path,
      headers: { ...headers, ...lengthOf(wanted) } satisfies OutgoingHttpHeaders,
      agent: false,
      signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(DEADLINE_MILLISECONDS)]),
    },
    resolve,
  ).on('error', reject);
  if (unfinished) sent.write(body ?? ' ');
  else sent.end(body);
  const answer = promise.then(readAnswer);
  // Nothing is expected of a request that the client has abandoned.
  answer.catch(() => undefined);
  if (unfinished) answer.finally(() => sent.destroy()).catch(() => undefined);
  return { answer, leave: () => leaving.abort() };
}

const ENDLESS = 1_000_000;

function lengthOf({ body, unfinished = false }: AdapterRequest): OutgoingHttpHeaders {
  if (unfinished) return { 'content-type': 'application/json', 'content-length': ENDLESS };
  return body === undefined ? {} : { 'content-type': 'application/json' };
}

async function readAnswer(response: IncomingMessage): Promise<AdapterAnswer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk as Uint8Array);
  return { status: response.statusCode ?? 0, headers: joinLines(response), body: decode(chunks) };
}

function joinLines({ headersDistinct }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, lines = []]) => [name, lines.join(', ')]));
}

function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}
