import { once } from 'node:events';
import { createServer, request } from 'node:http';

/** A proxy that holds the answer of the request that makes a token. */
export interface SlowProxy extends AsyncDisposable {
  readonly url: string;
  /** Resolves when the server has made a token, and its answer is held. */
  readonly made: Promise<void>;
  /** Lets the answer go on. */
  answer(): void;
}

/** Starts it on a free port of 127.0.0.1. Everything else is passed on unchanged. */
export async function startSlowProxy(target: string): Promise<SlowProxy> {
  const [made, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { port: targetPort, host } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/' } = incoming;
    const headers = { ...incoming.headers, host };
    const call = request({ host: '127.0.0.1', port: targetPort, method, path: url, headers }, async (answer) => {
      if (method === 'POST' && url === '/api/v1/tokens') {
        made.resolve();
        await answered.promise;
      }
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
    url: `http://127.0.0.1:${port}`,
    made: made.promise,
    answer: () => answered.resolve(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
