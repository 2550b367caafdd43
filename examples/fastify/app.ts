import { finished } from 'node:stream';
import { AuthError, PermissionDeniedError } from '@latchkey/auth-core';
import { challenge, createRequestAuthenticator, type RequestAuth, rateLimitHeaders } from '@latchkey/auth-core/http';
import { type FastifyInstance, fastify } from 'fastify';
import type { AppParts } from '../app-parts.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Nobody is asked for a token. */
    open?: true;
  }
  interface FastifyRequest {
    caller: RequestAuth;
  }
}

export function createApp({ auth, meter, basic, trustedProxies, listModels }: AppParts): FastifyInstance {
  const authenticate = createRequestAuthenticator({ auth, basic, trustedProxies });
  const app = fastify();
  app.decorateRequest('caller');
  // For every route that does not say otherwise, and for what does not exist.
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open) return;
    const header = (name: string) => request.raw.headersDistinct[name] ?? [];
    // Not `request.ip`, which believes what Fastify's own `trustProxy` says.
    request.caller = await authenticate({ header, peer: request.socket.remoteAddress });
    const admission = await meter.admit(request.caller.principal);
    finished(reply.raw, () => void admission.release());
    reply.headers(rateLimitHeaders(admission.states));
  });
  app.get('/public', { config: { open: true } }, async () => ({ hello: 'everybody' }));
  app.get('/whoami', async ({ caller }) => {
    const { id, name, project } = caller.principal;
    return { id, name, project };
  });
  app.get('/models', async ({ caller }) => {
    const decision = caller.decide({ action: 'models:read' });
    if (!decision.allowed) throw new PermissionDeniedError(decision);
    return { models: await listModels() };
  });
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof AuthError)) return reply.code(500).send({ error: { code: 'INTERNAL' } });
    const { status, headers } = challenge(error, { basic });
    return reply
      .code(status)
      .headers(headers)
      .send({ error: { code: error.code, message: error.message } });
  });
  return app;
}
