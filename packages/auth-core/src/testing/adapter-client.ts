import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** One request as it is written on the wire; a list is one header line for each of its values. */
export interface AdapterRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** The received response. */
export interface AdapterAnswer {
  readonly status: number;
  /** By names in lower case; several lines are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends one request on its own connection. `fetch` is not suitable: it joins header lines and normalizes paths. */
export async function sendRequest(
  url: string,
  { method = 'GET', path, headers }: AdapterRequest,
): Promise<AdapterAnswer> {
  // Imported only here: the contracts of stores must also load in runtimes without Node's modules.
  const { request } = await import('node:http');
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { hostname, port, method, path, headers: { ...headers } satisfies OutgoingHttpHeaders, agent: false };
  request(options, resolve).on('error', reject).end();
  const response = await promise;
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
