import { once } from 'node:events';
import { createServer, request } from 'node:http';

/** A proxy that adds a token to each request, for clients that cannot send one. */
export interface AuthorizingProxy extends AsyncDisposable {
  readonly url: string;
}

/** Starts it on a free port of 127.0.0.1. Everything else is passed on unchanged, including the Host header. */
export async function startAuthorizingProxy(target: string, token: string): Promise<AuthorizingProxy> {
  const { port: targetPort } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/' } = incoming;
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const call = request({ host: '127.0.0.1', port: targetPort, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    call.on('error', () => outgoing.destroy());
    outgoing.on('close', () => call.destroy());
    incoming.pipe(call);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://localhost:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
