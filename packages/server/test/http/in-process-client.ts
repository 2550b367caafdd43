import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  request,
} from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Koa from 'koa';

export interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly token?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** An object is sent as JSON, text and bytes as they are. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body read as JSON. */
  json(): Record<string, unknown>;
}

/** An answer whose body is still to come. */
export interface OpenAnswer {
  readonly status: number;
  /** Resolves with everything received so far once it holds this. */
  received(part: string): Promise<string>;
  /** Resolves once the server has ended the answer. */
  readonly ended: Promise<void>;
  /** Ends the connection, as a caller does who goes away. */
  leave(): void;
}

/** A request of which the second half of the body is still to come. */
export interface HalfSent {
  /** Sends the rest. */
  finish(): Promise<Answer>;
}

/** Begins one real HTTP request through an app, over a pair of streams instead of a socket. */
function begin(app: Koa, call: Call, onRead?: () => void) {
  const { method = 'GET', path = '/', token, headers = {}, body } = call;
  const [client, server] = duplexPair() as [Duplex, Duplex];
  Object.defineProperty(server, 'remoteAddress', { value: '127.0.0.1' });
  const handle = app.callback();
  createServer((incoming, response) => {
    incoming.on('newListener', (event: string) => {
      if (event === 'data' || event === 'readable') onRead?.();
    });
    void handle(incoming, response);
  }).emit('connection', server);
  const sent = request({
    createConnection: () => client as never,
    method,
    path,
    setHost: false,
    headers: {
      host: 'localhost',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      // Node frames the body of other methods by itself.
      ...(body === undefined || method !== 'DELETE' ? {} : { 'transfer-encoding': 'chunked' }),
      ...headers,
    },
  });
  const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  return { call: sent, server, text: isRaw ? body : JSON.stringify(body) };
}

function receive(call: ClientRequest): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  call.on('error', reject);
  call.on('response', (response) => {
    const { statusCode = 0, headers } = response;
    text(response).then(
      (body) => resolve({ status: statusCode, headers, text: body, json: () => JSON.parse(body) }),
      reject,
    );
  });
  return promise;
}

export async function send(app: Koa, options: Call = {}): Promise<Answer> {
  const { call, text: body } = begin(app, options);
  call.end(body);
  return receive(call);
}

/** Sends a request and does not wait for its answer; what is returned ends the connection. */
export function sendAndLeave(app: Koa, options: Call): () => void {
  const { call, server, text: body } = begin(app, options);
  call.on('error', () => {});
  call.end(body);
  return () => server.destroy();
}

/** Sends half of a body, and resolves once the server waits for the other half. */
export async function sendHalf(app: Koa, options: Call): Promise<HalfSent> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { call, text: body = '' } = begin(app, options, resolve);
  const answer = receive(call);
  answer.then(() => reject(new Error('the body was not waited for')), reject);
  call.write(body.slice(0, body.length / 2));
  await promise;
  return {
    finish: () => {
      call.end(body.slice(body.length / 2));
      return answer;
    },
  };
}

export async function open(app: Koa, options: Call): Promise<OpenAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<OpenAnswer>();
  const { call, server, text: body } = begin(app, options);
  call.end(body);
  call.on('error', reject);
  call.on('response', (response) => {
    let received = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      received += chunk;
    });
    // Whoever leaves has no use for the error that leaving makes.
    response.on('error', () => {});
    const ended = new Promise<void>((end) => response.once('close', end));
    resolve({
      ended,
      status: response.statusCode ?? 0,
      received: (part) =>
        new Promise((done) => {
          const look = (): void => {
            if (!received.includes(part)) return;
            response.off('data', look);
            done(received);
          };
          response.on('data', look);
          look();
        }),
      leave: () => server.destroy(),
    });
  });
  return promise;
}
