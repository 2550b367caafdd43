import { type AdmissionState, bearerAuth, limitRequests, renderAuthErrors, requireAction } from '@latchkey/koa-auth';
import Koa from 'koa';
import type { AppParts } from '../app-parts.ts';

export function createApp({ auth, meter, basic, trustedProxies, listModels }: AppParts): Koa<AdmissionState> {
  const mayReadModels = requireAction('models:read');
  const app = new Koa<AdmissionState>();
  app.use(renderAuthErrors({ basic, render: ({ code, message }) => ({ error: { code, message } }) }));
  app.use(async (ctx, next) => {
    if (ctx.path === '/public') ctx.body = { hello: 'everybody' };
    else await next();
  });
  // Whatever comes from here on, also what does not exist, is for those who have a token.
  app.use(bearerAuth({ auth, basic, trustedProxies }));
  app.use(limitRequests({ meter }));
  app.use(async (ctx) => {
    if (ctx.path === '/whoami') {
      const { id, name, project } = ctx.state.auth.principal;
      ctx.body = { id, name, project };
    } else if (ctx.path === '/models') {
      await mayReadModels(ctx, async () => {
        ctx.body = { models: await listModels() };
      });
    }
  });
  return app;
}
