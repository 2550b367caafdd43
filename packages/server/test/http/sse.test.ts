import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type EventsBody, events } from '../../src/http/reply.ts';
import { breakSilence, toFrame } from '../../src/http/sse.ts';

const dataFrame = (payload: unknown): string => toFrame({ data: JSON.stringify(payload) });

import { appOf } from './app-of.ts';
import { open, send } from './in-process-client.ts';

describe('a frame', () => {
  it('has a name and one line of data', () => {
    expect(toFrame({ name: 'message.delta', data: '{"content":"Hi"}' })).toBe(
      'event: message.delta\ndata: {"content":"Hi"}\n\n',
    );
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
    const app = appOf(async () =>
      events(
        (async function* () {
          yield dataFrame(1);
          yield dataFrame('ü');
        })(),
      ),
    );
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
    const app = appOf(async () =>
      events(
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
      ),
    );
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
    const stream = Readable.from(breakSilence({ events: endless() }), { objectMode: false });
    await once(stream, 'readable');
    await new Promise((settled) => setImmediate(settled));
    expect(made).toBeLessThan(5);
    stream.destroy();
  });
});

describe('a stream whose source is silent', () => {
  it('has comment lines, which readers pass over', async () => {
    const source = Promise.withResolvers<void>();
    const frames = async function* () {
      yield dataFrame(1);
      await source.promise;
      yield dataFrame(2);
    };
    const app = appOf(async () => ({ status: 200, body: { events: frames(), silenceMilliseconds: 1 } }));
    const answer = await open(app, {});
    await answer.received(': still here\n\n: still here\n\n');
    source.resolve();
    expect(await answer.received('data: 2\n\n')).toMatch(/^data: 1\n\n(: still here\n\n)+data: 2\n\n/);
  });

  it('has the heartbeat of its API instead, where that has one', async () => {
    const source = Promise.withResolvers<void>();
    const frames = async function* () {
      await source.promise;
      yield dataFrame(1);
    };
    const { body, ...reply } = events(frames(), toFrame({ name: 'ping', data: '{"type":"ping"}' }));
    const app = appOf(async () => ({ ...reply, body: { ...(body as EventsBody), silenceMilliseconds: 1 } }));
    const answer = await open(app, {});
    await answer.received('event: ping\ndata: {"type":"ping"}\n\n');
    source.resolve();
    expect(await answer.received('data: 1\n\n')).not.toContain(': still here');
  });
});
