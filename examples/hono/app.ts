import { getConnInfo } from '@hono/node-server/conninfo';
import { AuthError, PermissionDeniedError } from '@latchkey/auth-core';
import { challenge, createRequestAuthenticator, type RequestAuth, rateLimitHeaders } from '@latchkey/auth-core/http';
import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppParts } from '../app-parts.ts';

interface Env {
  Variables: { caller: RequestAuth };
}

export function createApp({ auth, meter, basic, trustedProxies, listModels }: AppParts): Hono<Env> {
  const authenticate = createRequestAuthenticator({ auth, basic, trustedProxies });
  const app = new Hono<Env>();
  app.get('/public', (context) => context.json({ hello: 'everybody' }));
  // Whatever comes from here on, also what does not exist, is for those who have a token.
  app.use(async (context, next) => {
    const header = (name: string) => [context.req.header(name) ?? []].flat();
    const caller = await authenticate({ header, peer: getConnInfo(context).remote.address });
    // Released when the answer is there; one that is streamed must hold its place until its stream has ended.
    await using admission = await meter.admit(caller.principal);
    for (const [name, value] of Object.entries(rateLimitHeaders(admission.states))) context.header(name, value);
    context.set('caller', caller);
    await next();
  });
  app.get('/whoami', (context) => {
    const { id, name, project } = context.var.caller.principal;
    return context.json({ id, name, project });
  });
  app.get('/models', async (context) => {
    const decision = context.var.caller.decide({ action: 'models:read' });
    if (!decision.allowed) throw new PermissionDeniedError(decision);
    return context.json({ models: await listModels() });
  });
  app.onError((error, context) => {
    if (!(error instanceof AuthError)) return context.json({ error: { code: 'INTERNAL' } }, 500);
    const { status, headers } = challenge(error, { basic });
    const body = { error: { code: error.code, message: error.message } };
    return context.json(body, status as ContentfulStatusCode, { ...headers });
  });
  return app;
}
