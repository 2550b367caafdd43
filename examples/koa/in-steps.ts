import { json } from 'node:stream/consumers';
import { type AdmissionState, bearerAuth, limitRequests, renderAuthErrors, requireAction } from '@latchkey/koa-auth';
import Koa from 'koa';
import type { AppParts } from '../app-parts.ts';

/** The same server with a middleware for each step, for an app that adds its own middleware between them. */
export function createApp({ meter, listModels, failed, ...options }: Omit<AppParts, 'wait'>): Koa<AdmissionState> {
  const [mayRead, mayWrite] = [requireAction('models:read'), requireAction('models:write')];
  const app = new Koa<AdmissionState>();
  app.on('error', failed);
  app.use(renderAuthErrors({ basic: options.basic, render: ({ code, message }) => ({ error: { code, message } }) }));
  app.use(async (ctx, next) => {
    if (ctx.path === '/public') ctx.body = { hello: 'everybody' };
    else await next();
  });
  app.use(bearerAuth(options));
  app.use(limitRequests({ meter }));
  app.use(async (ctx) => {
    if (ctx.path === '/whoami') {
      const { id, name, project } = ctx.state.auth.principal;
      ctx.body = { id, name, project };
    } else if (ctx.path === '/models' && ctx.method === 'POST') {
      await mayWrite(ctx, async () => {
        ctx.body = { received: await json(ctx.req) };
      });
    } else if (ctx.path === '/cached') {
      ctx.set({ 'Cache-Control': 'public, max-age=600', ETag: '"1"' });
      await mayWrite(ctx, async () => {
        ctx.body = { hello: 'everybody' };
      });
    } else if (ctx.path === '/models') {
      await mayRead(ctx, async () => {
        ctx.body = { models: await listModels() };
      });
    }
  });
  return app;
}
