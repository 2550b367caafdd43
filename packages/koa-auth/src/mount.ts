import { type FetchHandler, readNodePeer, sendFetchResponse, toFetchRequest } from '@latchkey/auth-core/http';
import type { Middleware } from 'koa';

/**
 * Mounts a fetch handler at a path of a Koa app, such as that of `createTokenApi`: `app.use(mount(api, api.path))`. Put
 * it before body parsers: it reads the bodies itself.
 */
export function mount(handle: FetchHandler, path: string): Middleware {
  return async function mounted(ctx, next) {
    if (ctx.path !== path && !ctx.path.startsWith(`${path}/`)) return next();
    const answer = await handle(toFetchRequest(ctx.req, ctx.res), readNodePeer(ctx.req.socket));
    ctx.respond = false;
    await sendFetchResponse(ctx.res, answer);
  };
}
