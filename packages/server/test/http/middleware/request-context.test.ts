import { aborted } from '@latchkey/engine/testing';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { lmstudioDialect } from '../../../src/dialects/lmstudio/errors.ts';
import { renderErrors } from '../../../src/http/middleware/render-errors.ts';
import { requestContext } from '../../../src/http/middleware/request-context.ts';
import type { ServerState } from '../../../src/http/state.ts';
import { open, send } from '../in-process-client.ts';
import { keepLog } from '../new-server.ts';

function newApp(handler: Koa.Middleware<ServerState>) {
  const { logger, log } = keepLog();
  const stop = new AbortController();
  const app = new Koa<ServerState>();
  let id = 0;
  app.use(requestContext({ logger, createId: () => `id-${++id}`, stopping: stop.signal }));
  app.use(renderErrors(() => lmstudioDialect));
  app.use(handler);
  return { app, log, stop };
}
const lines = (log: readonly string[]) => log.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a request', () => {
  it('has an id of its own, which the caller is told', async () => {
    const { app } = newApp(async (ctx) => {
      ctx.body = ctx.state.requestId;
    });
    const [first, second] = [await send(app), await send(app, { headers: { 'x-request-id': 'forged' } })];
    expect([first.text, second.text]).toEqual(['id-1', 'id-2']);
    expect(second.headers['x-request-id']).toBe('id-2');
  });

  it('is one line in the log, without its query', async () => {
    const { app, log } = newApp(async (ctx) => {
      ctx.body = 'in';
    });
    await send(app, { path: '/a?key=CANARY' });
    expect(lines(log)).toEqual([
      expect.objectContaining({ request: 'id-1', method: 'GET', path: '/a', status: 200, ms: expect.any(Number) }),
    ]);
    expect(log.join()).not.toContain('CANARY');
    expect(lines(log)[0]).not.toHaveProperty('aborted');
  });

  it('that ends as it should leaves its signal alone', async () => {
    let signal: AbortSignal | undefined;
    const { app } = newApp(async (ctx) => {
      signal = ctx.state.signal;
      ctx.body = 'in';
    });
    await send(app);
    expect(signal?.aborted).toBe(false);
  });

  it('whose caller goes away is told so by its signal, and answered by nobody', async () => {
    const { promise: gone, resolve } = Promise.withResolvers<unknown>();
    const { app, log } = newApp(async (ctx) => {
      ctx.res.writeHead(200).write('begun');
      await aborted(ctx.state.signal);
      resolve(ctx.state.signal.reason);
      ctx.state.signal.throwIfAborted();
    });
    const answer = await open(app, {});
    await answer.received('begun');
    answer.leave();
    expect(await gone).toMatchObject({ message: 'the caller went away' });
    await new Promise((settled) => setImmediate(settled));
    expect(lines(log)).toEqual([expect.objectContaining({ msg: 'request', aborted: true })]);
  });

  it('is told by its signal that the server stops', async () => {
    const { app, stop } = newApp(async (ctx) => {
      stop.abort(new ServerError('SHUTTING_DOWN', 'The server is shutting down.'));
      ctx.state.signal.throwIfAborted();
    });
    const answer = await send(app);
    expect(answer.status).toBe(503);
    expect(answer.json()).toMatchObject({ error: { code: 'shutting_down' } });
  });
});
