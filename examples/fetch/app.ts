import { protect } from '@latchkey/auth-core/fetch';
import type { AppParts } from '../app-parts.ts';

/** For everything that serves fetch handlers; `peer` is the address at the other end of the connection. */
export type Handler = (request: Request, peer?: string) => Promise<Response>;

export function createHandler({ listModels, wait, failed, ...options }: AppParts): Handler {
  const guard = protect({
    ...options,
    peer: (_request, peer?: string) => peer,
    // A fetch handler has no other place for errors.
    onError(error) {
      if (error.code === 'AUTH_STORE_UNAVAILABLE') failed(error);
    },
  });
  const routes: Readonly<Record<string, Handler>> = {
    'GET /public': async () => Response.json({ hello: 'everybody' }),
    'GET /whoami': guard()((_request, { principal: { id, name, project } }) => Response.json({ id, name, project })),
    'GET /models': guard('models:read')(async () => Response.json({ models: await listModels() })),
    'POST /models': guard('models:write')(async (request) => Response.json({ received: await request.json() })),
    'GET /cached': guard('models:write')(() =>
      Response.json({ hello: 'everybody' }, { headers: { 'Cache-Control': 'public, max-age=600', ETag: '"1"' } }),
    ),
    'GET /wait': guard('models:read')(async (_request, { signal }) => Response.json({ ended: await wait(signal) })),
  };
  // A path that does not exist needs a token, too.
  const notFound = guard()(() => new Response(null, { status: 404 }));

  return async function handle(request, peer) {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = routes[`${method} ${new URL(request.url).pathname}`] ?? notFound;
    return route(request, peer);
  };
}
