import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError } from './command-error.ts';

/** Where a browser of this machine comes back to. */
export interface Callback extends AsyncDisposable {
  /** The redirect, e.g. `http://127.0.0.1:40213/callback`. */
  readonly url: string;
  /** The URL at which the browser has arrived. */
  readonly answer: Promise<string>;
}

const PAGE = '<!doctype html><title>Latchkey</title><p>You can close this window, and go on in the terminal.';

/**
 * Listens on this machine for the browser. `localhost` may mean either address, so that both are listened on; nothing
 * else can reach them. What arrives proves nothing: the server that began the login checks it.
 *
 * @param port 0 for any
 */
export async function openCallback(host: string, port: number): Promise<Callback> {
  const { promise: answer, resolve } = Promise.withResolvers<string>();
  const listener: RequestListener = (request, response) => {
    const url = URL.parse(request.url ?? '', 'http://127.0.0.1');
    const isAnswer = request.method === 'GET' && url?.pathname === '/callback' && url.searchParams.has('state');
    const headers = { 'content-type': 'text/html', 'cache-control': 'no-store', connection: 'close' };
    response.writeHead(isAnswer ? 200 : 404, headers).end(isAnswer ? PAGE : '');
    if (isAnswer) resolve(url.href);
  };
  const first = await listen(listener, '127.0.0.1', port).catch((cause: unknown) => {
    throw new CommandError(`Port ${port} of this machine, where the browser is to come back to, cannot be used.`, {
      ending: 'machine',
      cause,
    });
  });
  const used = (first.address() as AddressInfo).port;
  // A machine without IPv6 has the one address only.
  const second = await listen(listener, '::1', used).catch(() => undefined);
  return {
    url: `http://${host}:${used}/callback`,
    answer,
    async [Symbol.asyncDispose]() {
      for (const server of [first, second]) {
        server?.close();
        server?.closeIdleConnections();
      }
    },
  };
}

async function listen(listener: RequestListener, address: string, port: number): Promise<Server> {
  const server = createServer(listener).listen(port, address);
  await once(server, 'listening');
  return server;
}
