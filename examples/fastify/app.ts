import { protect } from '@latchkey/auth-core/fastify';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { AppParts } from '../app-parts.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** No token is needed. */
    open?: true;
  }
}

export function createApp({ listModels, wait, failed, ...options }: AppParts): FastifyInstance {
  const guard = protect(options);
  const known = guard();
  const app = fastify();
  // For every route that does not say otherwise, and for paths that do not exist.
  app.addHook('onRequest', async (request, reply) =>
    request.routeOptions.config.open ? undefined : known(request, reply),
  );
  app.get('/public', { config: { open: true } }, async () => ({ hello: 'everybody' }));
  app.get('/whoami', async (request) => {
    const { id, name, project } = guard.callerOf(request).principal;
    return { id, name, project };
  });
  app.get('/models', { onRequest: guard('models:read') }, async () => ({ models: await listModels() }));
  app.post('/models', { onRequest: guard('models:write') }, async ({ body }) => ({ received: body }));
  const mayBeCached = async (_request: FastifyRequest, reply: FastifyReply) =>
    void reply.headers({ 'cache-control': 'public, max-age=600', etag: '"1"' });
  app.get('/cached', { onRequest: [mayBeCached, guard('models:write')] }, async () => ({ hello: 'everybody' }));
  app.get('/wait', { onRequest: guard('models:read') }, async (request) => ({
    ended: await wait(guard.callerOf(request).signal),
  }));
  app.setErrorHandler((error, request, reply) => {
    failed(error);
    try {
      return guard.errors(error, request, reply);
    } catch {
      return reply.code(500).send({ error: { code: 'INTERNAL' } });
    }
  });
  return app;
}
