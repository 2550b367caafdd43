import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import {
  anonymousPrincipal,
  createMemoryLimitStore,
  createMeter,
  type GrantLimits,
  type LimitStore,
} from '@latchkey/auth-core';
import { llm, type Meter } from '@latchkey/auth-core/llm';
import { fixedClock } from '@latchkey/auth-core/testing';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { type AdmissionState, bearerAuth, limitRequests, renderAuthErrors } from '../src/index.ts';
import { newAuth } from './app.ts';
import { send } from './in-process-client.ts';

const guestWith = (limits: GrantLimits) => anonymousPrincipal(llm, { actions: ['chat'], limits }, 'guest');

function setUp(limits: GrantLimits, store: LimitStore = createMemoryLimitStore()) {
  const guest = guestWith(limits);
  const meter = createMeter({ vocabulary: llm, store, clock: fixedClock('2027-01-01T00:00:18Z') });
  const app = new Koa<AdmissionState>();
  app.silent = true;
  app.use(renderAuthErrors({ render: ({ code, message }) => ({ code, message }) }));
  app.use(bearerAuth({ auth: newAuth(), optional: guest }));
  async function countRunning(): Promise<number> {
    const [state] = await meter.usage(guest);
    return state === undefined ? 0 : state.limit - state.remaining;
  }
  return { app, meter, countRunning };
}

/** A meter that says when what it let in was released. */
function watchReleases(meter: Meter) {
  const { promise: released, resolve } = Promise.withResolvers<void>();
  const watched: Pick<Meter, 'admit'> = {
    async admit(principal) {
      const admission = await meter.admit(principal);
      return { ...admission, release: () => admission.release().then(resolve) };
    },
  };
  return { watched, released };
}

describe('limitRequests', () => {
  it('says what is left, and then that it is too much and until when', async () => {
    const { app, meter } = setUp({ requestsPerMinute: 1 });
    app.use(limitRequests({ meter }));
    app.use((ctx) => {
      ctx.body = 'hello';
    });
    const first = await send(app);
    expect(first).toMatchObject({ status: 200, body: 'hello' });
    expect(first.headers['ratelimit-policy']).toBe('"requestsPerMinute";q=1;w=60');
    expect(first.headers.ratelimit).toBe('"requestsPerMinute";r=0;t=42');
    const second = await send(app);
    expect(second.status).toBe(429);
    expect(second.headers['retry-after']).toBe('42');
    expect(JSON.parse(second.body)).toEqual({
      code: 'AUTH_LIMIT_EXCEEDED',
      message: 'The limit requestsPerMinute of guest leaves no room for this request. Try again in 42 seconds.',
    });
  });

  it('counts a request once that passes it for the app and for a router', async () => {
    const { app, meter, countRunning } = setUp({ requestsPerMinute: 1, concurrentRequests: 1 });
    app.use(limitRequests({ meter }));
    app.use(limitRequests({ meter }));
    app.use(async (ctx) => {
      ctx.body = String(await countRunning());
    });
    expect(await send(app)).toMatchObject({ status: 200 });
    expect((await send(app)).status).toBe(429);
  });

  it('says nothing of limits to a caller without any', async () => {
    const { app, meter } = setUp({});
    app.use(limitRequests({ meter }));
    app.use((ctx) => {
      ctx.body = 'hello';
    });
    const { headers } = await send(app);
    expect(Object.keys(headers).filter((name) => name.startsWith('ratelimit'))).toEqual([]);
  });

  it('gives the handler the admission, to reserve tokens with', async () => {
    const { app, meter } = setUp({ tokensPerDay: 100 });
    app.use(limitRequests({ meter }));
    app.use(async (ctx) => {
      ctx.body = String((await ctx.state.admission.reserve('tokens', 2048, 1)).granted);
    });
    expect((await send(app)).body).toBe('100');
    expect(JSON.parse((await send(app)).body)).toMatchObject({ code: 'AUTH_LIMIT_EXCEEDED' });
  });

  it('holds a place while the request runs, and releases it when it has been answered', async () => {
    const { app, meter, countRunning } = setUp({ concurrentRequests: 1 });
    const { watched, released } = watchReleases(meter);
    app.use(limitRequests({ meter: watched }));
    app.use(async (ctx) => {
      ctx.body = String(await countRunning());
    });
    expect((await send(app)).body).toBe('1');
    await released;
    expect(await countRunning()).toBe(0);
  });

  it('releases the place of a request that fails', async () => {
    const { app, meter, countRunning } = setUp({ concurrentRequests: 1 });
    const { watched, released } = watchReleases(meter);
    app.use(limitRequests({ meter: watched }));
    app.use(() => {
      throw new Error('a bug');
    });
    expect((await send(app)).status).toBe(500);
    await released;
    expect(await countRunning()).toBe(0);
  });

  it('waits for the end of an answer only where there is a place to release', async () => {
    async function countListeners(limits: GrantLimits): Promise<string> {
      const { app, meter } = setUp(limits);
      app.use(async (ctx, next) => {
        const before = ctx.res.listenerCount('close');
        await next();
        ctx.body = String(ctx.res.listenerCount('close') - before);
      });
      app.use(limitRequests({ meter }));
      app.use(() => undefined);
      return (await send(app)).body;
    }
    expect(await countListeners({ requestsPerMinute: 1 })).toBe('0');
    expect(await countListeners({ concurrentRequests: 1 })).toBe('1');
  });

  it.each(['while it waits to be let in', 'while it runs'])(
    'releases the place of a caller who goes away %s',
    async (moment) => {
      const { app, meter, countRunning } = setUp({ concurrentRequests: 1 });
      const { watched, released } = watchReleases(meter);
      const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
      const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
      const slow: Pick<Meter, 'admit'> = {
        async admit(principal) {
          reach();
          await gone;
          return watched.admit(principal);
        },
      };
      app.use(limitRequests({ meter: moment === 'while it runs' ? watched : slow }));
      app.use(async (ctx) => {
        reach();
        await gone;
        ctx.body = 'too late';
      });
      const [client, server] = duplexPair() as [Duplex, Duplex];
      const host = createServer(app.callback());
      const closed = once(host, 'request').then(([, response]) => once(response, 'close'));
      host.emit('connection', server);
      const call = request({ createConnection: () => client as never, path: '/', headers: { host: 'app.test' } });
      call.on('error', () => undefined);
      call.end();
      await reached;
      server.destroy();
      await closed;
      leave();
      await released;
      expect(await countRunning()).toBe(0);
    },
  );

  it('answers 503 when the store fails, and lets nobody in', async () => {
    const store = { ...createMemoryLimitStore(), take: () => Promise.reject(new Error('disk on fire')) };
    const { app, meter } = setUp({ requestsPerMinute: 9 }, store);
    let reached = false;
    app.use(limitRequests({ meter }));
    app.use(() => {
      reached = true;
    });
    const answer = await send(app);
    expect(answer.status).toBe(503);
    expect(answer.body).not.toContain('disk on fire');
    expect(reached).toBe(false);
  });

  it('fails without bearerAuth before it, and runs nothing behind it', async () => {
    const app = new Koa<AdmissionState>();
    const failures: string[] = [];
    app.on('error', ({ message }) => failures.push(message));
    let reached = false;
    app.use(limitRequests(setUp({})));
    app.use(() => {
      reached = true;
    });
    expect((await send(app)).status).toBe(500);
    expect(failures).toEqual(['limitRequests needs bearerAuth to run before it']);
    expect(reached).toBe(false);
  });

  it('holds its place until what goes on after the response has ended', async () => {
    const { app, meter, countRunning } = setUp({ concurrentRequests: 1 });
    const { watched, released } = watchReleases(meter);
    const work = Promise.withResolvers<void>();
    app.use(limitRequests({ meter: watched, goesOn: () => work.promise }));
    app.use((ctx) => {
      ctx.body = 'hello';
    });
    await send(app);
    expect(await countRunning()).toBe(1);
    work.resolve();
    await released;
    expect(await countRunning()).toBe(0);
  });
});
