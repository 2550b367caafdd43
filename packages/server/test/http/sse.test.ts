import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { dataFrame, eventFrame, sendEventStream } from '../../src/http/sse.ts';
import { open, send } from './in-process-client.ts';

describe('a frame', () => {
  it('has a name and one line of data', () => {
    expect(eventFrame('message.delta', { content: 'Hi' })).toBe('event: message.delta\ndata: {"content":"Hi"}\n\n');
    expect(dataFrame({ a: 1 })).toBe('data: {"a":1}\n\n');
  });

  it.each(['a\nb', 'a\r\nb', 'a\n\ndata: {"forged":1}\n\n', 'a\u2028b'])('is ended by no text in it: %j', (content) => {
    const frame = dataFrame({ content });
    expect(frame.slice(0, -2)).not.toMatch(/[\r\n]/);
    expect(JSON.parse(frame.slice('data: '.length))).toEqual({ content });
  });
});

describe('a stream', () => {
  it('says what it is, and is kept by nobody on the way', async () => {
    const app = new Koa();
    app.use(async (ctx) => {
      sendEventStream(
        ctx,
        (async function* () {
          yield dataFrame(1);
          yield dataFrame('ü');
        })(),
      );
    });
    const answer = await send(app);
    expect(answer.text).toBe('data: 1\n\ndata: "ü"\n\n');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
  });

  it('ends its source when the reader goes away', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    const app = new Koa();
    app.silent = true;
    app.use(async (ctx) => {
      sendEventStream(
        ctx,
        (async function* () {
          try {
            for (;;) {
              yield dataFrame('tick');
              await new Promise((next) => setImmediate(next));
            }
          } finally {
            resolve('ended');
          }
        })(),
      );
    });
    const answer = await open(app, {});
    await answer.received('tick');
    answer.leave();
    expect(await ended).toBe('ended');
  });

  it('waits for a slow reader', async () => {
    let made = 0;
    async function* endless(): AsyncGenerator<string> {
      for (;;) {
        made += 1;
        yield dataFrame('x'.repeat(10_000));
      }
    }
    const { context, body } = newContext();
    sendEventStream(context, endless());
    const stream = body();
    await once(stream, 'readable');
    await new Promise((settled) => setImmediate(settled));
    expect(made).toBeLessThan(5);
    stream.destroy();
  });
});

/** The part of Koa's context that an answer is put into. */
function newContext(): { readonly context: Koa.Context; body(): Readable } {
  const app = new Koa();
  const context = app.createContext(
    new IncomingMessage(new Socket()),
    new ServerResponse(new IncomingMessage(new Socket())),
  );
  return { context, body: () => context.body as Readable };
}

describe('a stream whose source is silent', () => {
  it('has comment lines, which readers pass over', async () => {
    const app = new Koa();
    const source = Promise.withResolvers<void>();
    app.use(async (ctx) => {
      const frames = async function* () {
        yield dataFrame(1);
        await source.promise;
        yield dataFrame(2);
      };
      sendEventStream(ctx, frames(), 1);
    });
    const answer = await open(app, {});
    await answer.received(': still here\n\n: still here\n\n');
    source.resolve();
    expect(await answer.received('data: 2\n\n')).toMatch(/^data: 1\n\n(: still here\n\n)+data: 2\n\n/);
  });
});
