import { AuthError, PermissionDeniedError } from '@latchkey/auth-core';
import { challenge, createRequestAuthenticator, rateLimitHeaders } from '@latchkey/auth-core/http';
import type { AppParts } from '../app-parts.ts';

/** For whatever serves fetch handlers; `peer` is the address at the other end of the connection. */
export type Handler = (request: Request, peer?: string) => Promise<Response>;

export function createHandler({ auth, meter, basic, trustedProxies, listModels }: AppParts): Handler {
  const authenticate = createRequestAuthenticator({ auth, basic, trustedProxies });

  async function answer(request: Request, peer?: string): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === '/public') return Response.json({ hello: 'everybody' });
    // Whatever comes from here on, also what does not exist, is for those who have a token.
    const header = (name: string) => [request.headers.get(name) ?? []].flat();
    const { principal, decide } = await authenticate({ header, peer });
    // Released when the answer is there; one that is streamed must hold its place until its stream has ended.
    await using admission = await meter.admit(principal);
    const headers = rateLimitHeaders(admission.states);
    if (request.method !== 'GET' && request.method !== 'HEAD') return new Response(null, { status: 405, headers });
    if (pathname === '/whoami') {
      const { id, name, project } = principal;
      return Response.json({ id, name, project }, { headers });
    }
    if (pathname === '/models') {
      const decision = decide({ action: 'models:read' });
      if (!decision.allowed) throw new PermissionDeniedError(decision);
      return Response.json({ models: await listModels() }, { headers });
    }
    return new Response(null, { status: 404, headers });
  }

  function renderError(error: unknown): Response {
    if (!(error instanceof AuthError)) return Response.json({ error: { code: 'INTERNAL' } }, { status: 500 });
    const { status, headers } = challenge(error, { basic });
    const response = Response.json({ error: { code: error.code, message: error.message } }, { status });
    for (const [name, values] of Object.entries(headers)) {
      for (const value of [values].flat()) response.headers.append(name, value);
    }
    return response;
  }

  return (request, peer) => answer(request, peer).catch(renderError);
}
