import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Koa from 'koa';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends one real HTTP request through an app, over a pair of streams instead of a socket. */
export async function send<State>(
  app: Koa<State>,
  headers: OutgoingHttpHeaders = {},
  remoteAddress: string | undefined = '192.0.2.7',
): Promise<Answer> {
  const [client, server] = duplexPair() as [Duplex, Duplex];
  Object.defineProperty(server, 'remoteAddress', { value: remoteAddress });
  createServer(app.callback()).emit('connection', server);
  const call = request({
    createConnection: () => client as never,
    path: '/',
    headers: { host: 'app.test', ...headers },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  call.on('error', reject);
  call.on('response', (response) => {
    const { statusCode = 0, headers: received } = response;
    text(response).then((body) => resolve({ status: statusCode, headers: received, body }), reject);
  });
  call.end();
  return promise;
}
