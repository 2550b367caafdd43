import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A file that looks like a model. */
export const modelBytes = (size: number, seed = 7): Buffer => {
  const bytes = Buffer.alloc(size);
  for (let at = 0, value = seed; at < size; at += 1) {
    value = (value * 1103515245 + 12345) % 2147483648;
    bytes[at] = value >> 16;
  }
  bytes.write('GGUF', 0, 'latin1');
  return bytes;
};

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Answers one request for a file, instead of sending it as it is. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => void;

export interface ModelServer {
  readonly url: string;
  /** Every request: its path and headers. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  /** The files of `ibm/granite`, by their paths. */
  readonly files: Map<string, Buffer>;
  /** What the listing says where it differs from the files. */
  readonly announced: Map<string, { readonly size?: number; readonly oid?: string | null }>;
  /** What the next requests for a file get, one each; then they are answered well. */
  readonly next: Misbehaviour[];
  etag: string;
}

/** A server that answers as Hugging Face does, for the repository `ibm/granite`, until the test ends. */
export async function startModelServer(): Promise<ModelServer> {
  const state: ModelServer = {
    ...{ url: '', requests: [], files: new Map(), announced: new Map(), next: [], etag: '"one"' },
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    state.requests.push({ path, headers: request.headers });
    if (path === '/api/models/ibm/granite/tree/main?recursive=true') {
      const entries = [...state.files].map(([name, bytes]) => {
        const { size = bytes.length, oid = sha256(bytes) } = state.announced.get(name) ?? {};
        return { type: 'file', path: name, size, ...(oid === null ? {} : { lfs: { oid, size } }) };
      });
      response.end(JSON.stringify([{ type: 'directory', path: 'x', size: 0 }, ...entries]));
      return;
    }
    const bytes = state.files.get(decodeURIComponent(path.replace(/^\/ibm\/granite\/resolve\/main\/|^\//, '')));
    if (bytes === undefined) {
      response.writeHead(404).end();
      return;
    }
    const misbehave = state.next.shift();
    if (misbehave === undefined) sendFile(request, response, bytes, state.etag);
    else misbehave(request, response, bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** Sends a file, or the rest of it where that was asked for and the version is the same. */
export function sendFile(request: IncomingMessage, response: ServerResponse, bytes: Buffer, etag: string): void {
  const first = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN);
  const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  if (Number.isNaN(first) || !isSame) {
    response.writeHead(200, { 'content-length': bytes.length, etag }).end(bytes);
    return;
  }
  const range = `bytes ${first}-${bytes.length - 1}/${bytes.length}`;
  response
    .writeHead(206, { 'content-range': range, 'content-length': bytes.length - first, etag })
    .end(bytes.subarray(first));
}

/** Sends so many more bytes of what was asked for, and then nothing until `breakIt` is called. */
export function stopsAfter(count: number, etag = '"one"') {
  let held: ServerResponse | undefined;
  const misbehave: Misbehaviour = (request, response, bytes) => {
    held = response;
    const first = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const isRest = request.headers.range !== undefined;
    const range = `bytes ${first}-${bytes.length - 1}/${bytes.length}`;
    const headers = { 'content-length': bytes.length - first, etag, ...(isRest ? { 'content-range': range } : {}) };
    response.writeHead(isRest ? 206 : 200, headers);
    response.write(bytes.subarray(first, first + count));
  };
  return Object.assign(misbehave, { breakIt: () => held?.destroy() });
}
