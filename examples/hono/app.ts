import { protect } from '@latchkey/auth-core/hono';
import { Hono } from 'hono';
import type { AppParts } from '../app-parts.ts';

export function createApp({ listModels, wait, failed, ...options }: AppParts): Hono {
  const guard = protect(options);
  const app = new Hono();
  app.onError((error, context) => {
    failed(error);
    return guard.errors(error, context) ?? context.json({ error: { code: 'INTERNAL' } }, 500);
  });
  app.get('/public', (context) => context.json({ hello: 'everybody' }));
  // From here on every route needs a token, and so does a path that does not exist.
  app.use(guard());
  app.get('/whoami', (context) => {
    const { id, name, project } = guard.callerOf(context).principal;
    return context.json({ id, name, project });
  });
  app.get('/models', guard('models:read'), async (context) => context.json({ models: await listModels() }));
  app.post('/models', guard('models:write'), async (context) => context.json({ received: await context.req.json() }));
  app.use('/cached', async (context, next) => {
    context.header('Cache-Control', 'public, max-age=600');
    context.res.headers.set('ETag', '"1"');
    await next();
  });
  app.get('/cached', guard('models:write'), (context) => context.json({ hello: 'everybody' }));
  app.get('/wait', guard('models:read'), async (context) =>
    context.json({ ended: await wait(guard.callerOf(context).signal) }),
  );
  return app;
}
