import type { RequestListener } from 'node:http';
import { sendFetchResponse, toFetchRequest } from '@latchkey/auth-core/http';
import { type AdapterParts, type AdapterServer, adapterContract } from '@latchkey/auth-core/testing';
import { createApp as createExpress } from './express/app.ts';
import { createApp as createFastify } from './fastify/app.ts';
import { createHandler } from './fetch/app.ts';
import { createApp as createHono } from './hono/app.ts';
import { createApp as createKoa } from './koa/app.ts';
import { listen } from './listen.ts';

/*
 * Runs the adapter contract against the servers of these examples, without a test framework. Prints for each host how
 * many cases passed, and throws at the first failed case. Run it as a program where the packages are installed.
 */

/** Serves a fetch handler with the packages' own function. */
function serve(handle: (request: Request, incoming: Parameters<RequestListener>[0]) => Response | Promise<Response>) {
  return listen(async (incoming, response) => {
    try {
      await sendFetchResponse(response, await handle(toFetchRequest(incoming, response), incoming));
    } catch {
      response.writeHead(500).end();
    }
  });
}

const HOSTS: Readonly<Record<string, (parts: AdapterParts) => Promise<AdapterServer>>> = {
  express: (parts) => listen(createExpress(parts)),
  async fastify(parts) {
    const app = createFastify(parts);
    return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() };
  },
  hono(parts) {
    const app = createHono(parts);
    return serve((request, incoming) => app.fetch(request, { incoming }));
  },
  fetch(parts) {
    const handle = createHandler(parts);
    return serve((request, { socket }) => handle(request, socket.remoteAddress));
  },
  koa(parts) {
    const app = createKoa(parts);
    app.silent = true;
    return listen(app.callback());
  },
};

const kept: Record<string, number> = {};
for (const [host, start] of Object.entries(HOSTS)) {
  const cases = adapterContract(start);
  for (const { name, run } of cases) {
    await run().catch((cause: unknown) => {
      throw new Error(`${host} ${name}`, { cause });
    });
  }
  kept[host] = cases.length;
}
console.log(JSON.stringify(kept));
