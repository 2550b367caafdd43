import { aborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../src/contracts/server-error.ts';
import type { Handler } from '../../src/http/step.ts';
import { appOf } from './app-of.ts';
import { open, send } from './in-process-client.ts';
import { keepLog } from './new-server.ts';

function newApp(handler: Handler) {
  const { logger, log } = keepLog();
  const stop = new AbortController();
  let id = 0;
  const app = appOf(handler, { logger, stopping: stop.signal, createId: () => `id-${++id}` });
  return { app, log, stop };
}
const lines = (log: readonly string[]) => log.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a request', () => {
  it('has an id of its own, which the caller is told', async () => {
    const { app } = newApp(async ({ id }) => ({ status: 200, body: { text: id } }));
    const [first, second] = [await send(app), await send(app, { headers: { 'x-request-id': 'forged' } })];
    expect([first.text, second.text]).toEqual(['id-1', 'id-2']);
    expect(second.headers['x-request-id']).toBe('id-2');
  });

  it('is one line in the log, with its address and without its query', async () => {
    const { app, log } = newApp(async () => ({ status: 200, body: { text: 'in' } }));
    await send(app, { path: '/a?key=CANARY' });
    expect(lines(log)).toEqual([
      expect.objectContaining({
        ...{ request: 'id-1', method: 'GET', path: '/a', status: 200 },
        ...{ address: '127.0.0.1', ms: expect.any(Number) },
      }),
    ]);
    expect(log.join()).not.toContain('CANARY');
    expect(lines(log)[0]).not.toHaveProperty('aborted');
  });

  it('that ends as it should leaves its signal alone', async () => {
    let signal: AbortSignal | undefined;
    const { app } = newApp(async (context) => {
      signal = context.signal;
      return { status: 200 };
    });
    await send(app);
    expect(signal?.aborted).toBe(false);
  });

  it('whose caller goes away is told so by its signal, and answered by nobody', async () => {
    const { promise: gone, resolve } = Promise.withResolvers<unknown>();
    const { app, log } = newApp(async ({ signal }) => {
      const stream = async function* () {
        yield 'begun';
        await aborted(signal);
        resolve(signal.reason);
        signal.throwIfAborted();
      };
      return { status: 200, body: { stream: stream() } };
    });
    const answer = await open(app, {});
    await answer.received('begun');
    answer.leave();
    expect(await gone).toMatchObject({ message: 'the caller went away' });
    await new Promise((settled) => setImmediate(settled));
    const news = lines(log).filter(({ level }) => Number(level) > 20);
    expect(news).toEqual([expect.objectContaining({ msg: 'request', aborted: true })]);
  });

  it('is told by its signal that the server stops', async () => {
    const { app, stop } = newApp(async ({ signal }) => {
      stop.abort(new ServerError('SHUTTING_DOWN', 'The server is shutting down.'));
      signal.throwIfAborted();
      return { status: 200 };
    });
    const answer = await send(app);
    expect(answer.status).toBe(503);
    expect(answer.json()).toMatchObject({ error: { code: 'shutting_down' } });
  });
});
