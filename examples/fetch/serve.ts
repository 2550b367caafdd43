import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { AdapterServer } from '@latchkey/auth-core/testing';
import { listen } from '../listen.ts';
import type { Handler } from './app.ts';

/** Serves a fetch handler with Node. */
export function serveFetch(handle: Handler): Promise<AdapterServer> {
  return listen(
    getRequestListener((request, { incoming }) =>
      handle(request, (incoming as HttpBindings['incoming']).socket.remoteAddress),
    ),
  );
}
