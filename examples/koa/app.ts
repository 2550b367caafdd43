import { json } from 'node:stream/consumers';
import { type ProtectedState, protect } from '@latchkey/koa-auth';
import Koa from 'koa';
import type { AppParts } from '../app-parts.ts';

export function createApp({ listModels, wait, failed, ...options }: AppParts): Koa<ProtectedState> {
  const guard = protect(options);
  const [mayRead, mayWrite] = [guard('models:read'), guard('models:write')];
  const app = new Koa<ProtectedState>();
  app.on('error', failed);
  app.use(async (ctx, next) => {
    if (ctx.path === '/public') ctx.body = { hello: 'everybody' };
    else await next();
  });
  // From here on every route needs a token, and so does a path that does not exist.
  app.use(guard());
  app.use(async (ctx) => {
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method;
    switch (`${method} ${ctx.path}`) {
      case 'GET /whoami': {
        const { id, name, project } = ctx.state.auth.principal;
        ctx.body = { id, name, project };
        return;
      }
      case 'GET /models':
        return mayRead(ctx, async () => {
          ctx.body = { models: await listModels() };
        });
      case 'POST /models':
        return mayWrite(ctx, async () => {
          ctx.body = { received: await json(ctx.req) };
        });
      case 'GET /cached':
        ctx.set({ 'Cache-Control': 'public, max-age=600', ETag: '"1"' });
        return mayWrite(ctx, async () => {
          ctx.body = { hello: 'everybody' };
        });
      case 'GET /wait':
        return mayRead(ctx, async () => {
          ctx.body = { ended: await wait(ctx.state.auth.signal) };
        });
    }
  });
  return app;
}
