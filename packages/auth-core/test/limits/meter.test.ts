import { describe, expect, it } from 'vitest';
import {
  anonymousPrincipal,
  type CountedUse,
  createAuth,
  createMemoryLimitStore,
  createMemoryTokenStore,
  createMeter,
  type GrantLimits,
  type LimitStore,
  type Principal,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { llm } from '../words.ts';
import { manualRepeat } from './manual-repeat.ts';

function setUp(store: LimitStore = createMemoryLimitStore()) {
  const clock = fixedClock('2027-01-31T23:59:30Z');
  const timers = manualRepeat();
  return { clock, timers, store, meter: createMeter({ vocabulary: llm, store, clock, repeat: timers.repeat }) };
}

const guestWith = (limits?: GrantLimits) =>
  anonymousPrincipal(llm, { actions: ['chat'], ...(limits && { limits }) }, 'guest');

/** A caller whose grants have these limits, each counted on its own. */
function callerWith(...chain: GrantLimits[]): Principal {
  const authority = chain.map((limits, index) => ({
    grant: { actions: ['chat' as const], limits },
    source: `token ${index}`,
    id: `id-${index}`,
  }));
  return { ...guestWith(), authority };
}

/** A store of which every method fails, or the named ones. */
function brokenStore(...methods: (keyof LimitStore)[]): LimitStore {
  const store = createMemoryLimitStore();
  const fail = () => Promise.reject(new Error('disk on fire: /var/lib/secret.db'));
  return { ...store, ...Object.fromEntries(methods.map((name) => [name, fail])) };
}

const exceeded = (limit: string, retryAfterSeconds: number, source = 'guest') =>
  expect.objectContaining({ code: 'AUTH_LIMIT_EXCEEDED', limit, source, retryAfterSeconds });
const unavailable = expect.objectContaining({ code: 'AUTH_STORE_UNAVAILABLE' });

describe('admit', () => {
  it('lets so many requests in within a minute of UTC, and says when the next one begins', async () => {
    const { meter, clock } = setUp();
    const guest = guestWith({ requestsPerMinute: 2 });
    await meter.admit(guest);
    await (await meter.admit(guest)).release();
    await expect(meter.admit(guest)).rejects.toThrow(exceeded('requestsPerMinute', 30));
    clock.advance(29_001);
    await expect(meter.admit(guest)).rejects.toThrow(exceeded('requestsPerMinute', 1));
    clock.advance(999);
    await meter.admit(guest);
  });

  it('lets in one of 200 requests that come at once where one may come', async () => {
    const { meter } = setUp();
    const guest = guestWith({ requestsPerMinute: 1 });
    const answers = await Promise.allSettled(Array.from({ length: 200 }, () => meter.admit(guest)));
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });

  it('lets so many requests run at once', async () => {
    const { meter } = setUp();
    const guest = guestWith({ concurrentRequests: 2 });
    const [first] = await Promise.all([meter.admit(guest), meter.admit(guest)]);
    await expect(meter.admit(guest)).rejects.toThrow(exceeded('concurrentRequests', 1));
    await first.release();
    await first.release();
    await meter.admit(guest);
    await expect(meter.admit(guest)).rejects.toThrow(exceeded('concurrentRequests', 1));
  });

  it('tells how things stand with every counted limit of every grant', async () => {
    const { meter } = setUp();
    const caller = callerWith(
      { requestsPerMinute: 600, tokensPerMonth: 9 },
      { requestsPerMinute: 60, concurrentRequests: 2 },
    );
    expect((await meter.admit(caller)).states).toMatchObject([
      { name: 'requestsPerMinute', source: 'token 0', limit: 600, remaining: 599, resetSeconds: 30 },
      { name: 'tokensPerMonth', source: 'token 0', limit: 9, remaining: 9, resetSeconds: 30 },
      { name: 'requestsPerMinute', source: 'token 1', limit: 60, remaining: 59, resetSeconds: 30 },
      { name: 'concurrentRequests', source: 'token 1', limit: 2, remaining: 1 },
    ]);
  });

  it('counts against all grants of a chain or against none', async () => {
    const { meter } = setUp();
    const caller = callerWith({ requestsPerMinute: 5 }, { concurrentRequests: 0 });
    await expect(meter.admit(caller)).rejects.toThrow(exceeded('concurrentRequests', 1, 'token 1'));
    expect((await meter.usage(caller))[0]).toMatchObject({ name: 'requestsPerMinute', remaining: 5 });
  });

  it('names the limit that keeps the caller the longest', async () => {
    const { meter } = setUp();
    const caller = callerWith({ concurrentRequests: 0 }, { requestsPerMinute: 0 });
    await expect(meter.admit(caller)).rejects.toThrow(exceeded('requestsPerMinute', 30, 'token 1'));
  });

  it('lets requests in whose tokens are used up, because not every request needs some', async () => {
    const { meter } = setUp();
    const [state] = (await meter.admit(guestWith({ tokensPerDay: 0 }))).states;
    expect(state).toMatchObject({ name: 'tokensPerDay', remaining: 0 });
  });

  it('counts for the server policy what all tokens use, and for a token what it uses', async () => {
    const { meter } = setUp();
    const policy = { actions: ['*' as const], limits: { requestsPerMinute: 3 } };
    const auth = createAuth({
      vocabulary: llm,
      store: createMemoryTokenStore(),
      digestKey: new Uint8Array(32),
      policy,
    });
    const grant = { actions: ['chat'], limits: { requestsPerMinute: 2 } };
    const signIn = async () => auth.verify((await auth.issue({ name: 'ci-bot', grant }, auth.operator())).token);
    const [first, second] = [await signIn(), await signIn()];
    await meter.admit(first);
    await meter.admit(first);
    await expect(meter.admit(first)).rejects.toThrow(exceeded('requestsPerMinute', 30, 'token ci-bot'));
    await meter.admit(second);
    await expect(meter.admit(second)).rejects.toThrow(exceeded('requestsPerMinute', 30, 'server policy'));
  });

  it('does not reach the store for a caller without counted limits', async () => {
    const { meter } = setUp(brokenStore('take', 'adjust', 'read', 'drop'));
    for (const guest of [guestWith(), guestWith({ maxOutputTokens: 5, weight: 2 })]) {
      const admission = await meter.admit(guest);
      expect(admission.states).toEqual([]);
      const reservation = await admission.reserve('tokens', 2048, 1);
      expect(reservation.granted).toBe(2048);
      await reservation.settle(42);
      await admission.release();
      expect(await meter.usage(guest)).toEqual([]);
    }
  });

  it('denies when the store fails, and tells nothing of its inside', async () => {
    const { meter } = setUp(brokenStore('take'));
    const failure = await meter.admit(guestWith({ requestsPerMinute: 5 })).catch((error) => error);
    expect(failure).toEqual(unavailable);
    expect(failure.message).not.toContain('secret.db');
  });

  it.each([{ taken: true, takings: [] } as const, { taken: false, refused: [] } as const])(
    'denies when the store answers what is no answer: %j',
    async (answer) => {
      for (const take of [async () => answer, () => answer]) {
        const { meter } = setUp({ ...createMemoryLimitStore(), take });
        await expect(meter.admit(guestWith({ requestsPerMinute: 5 }))).rejects.toThrow(unavailable);
      }
    },
  );
});

describe('a running request', () => {
  it('is held by a lease that is renewed for as long as it runs', async () => {
    const { meter, clock, timers } = setUp();
    const guest = guestWith({ concurrentRequests: 1 });
    const admission = await meter.admit(guest);
    for (let second = 0; second < 120; second += 10) {
      clock.advance(10_000);
      timers.tick();
      await expect(meter.admit(guest)).rejects.toThrow(exceeded('concurrentRequests', 1));
    }
    await admission.release();
    clock.advance(1);
    await meter.admit(guest);
  });

  it('counts for half a minute at most when its process does not renew its lease', async () => {
    const { meter, clock, store } = setUp();
    const elsewhere = createMeter({ vocabulary: llm, store, clock });
    const guest = guestWith({ concurrentRequests: 1 });
    await meter.admit(guest);
    clock.advance(29_999);
    await expect(elsewhere.admit(guest)).rejects.toThrow(exceeded('concurrentRequests', 1));
    clock.advance(1);
    await elsewhere.admit(guest);
  });

  it('counts again before its process lets another one in, after a sleep', async () => {
    const { meter, clock, store } = setUp();
    const guest = guestWith({ concurrentRequests: 1 });
    const admission = await meter.admit(guest);
    clock.advance(3_600_000);
    await expect(meter.admit(guest)).rejects.toThrow(exceeded('concurrentRequests', 1));
    const elsewhere = createMeter({ vocabulary: llm, store, clock });
    await expect(elsewhere.admit(guest)).rejects.toThrow(exceeded('concurrentRequests', 1));
    await admission.release();
    await elsewhere.admit(guest);
  });

  it('counts again as soon as the store answers, after an outage', async () => {
    const store = createMemoryLimitStore();
    const { meter, clock, timers } = setUp(store);
    const guest = guestWith({ concurrentRequests: 1 });
    await meter.admit(guest);
    const { renew } = store;
    store.renew = () => Promise.reject(new Error('disk on fire'));
    for (let second = 0; second < 60; second += 10) {
      clock.advance(10_000);
      timers.tick();
    }
    // While it cannot be renewed, nothing is let in here.
    await expect(meter.admit(guest)).rejects.toThrow(unavailable);
    store.renew = renew;
    timers.tick();
    const elsewhere = createMeter({ vocabulary: llm, store, clock });
    await expect.poll(() => elsewhere.admit(guest).catch(({ code }) => code)).toBe('AUTH_LIMIT_EXCEEDED');
  });

  it('is not brought back by a renewal that was under way when it ended', async () => {
    const store = createMemoryLimitStore();
    const { meter, timers } = setUp(store);
    const guest = guestWith({ concurrentRequests: 1 });
    const admission = await meter.admit(guest);
    const { renew } = store;
    const [begun, going] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    store.renew = async (...args) => {
      begun.resolve();
      await going.promise;
      await renew(...args);
    };
    timers.tick();
    await begun.promise;
    const released = admission.release();
    going.resolve();
    await released;
    await meter.admit(guest);
  });

  it('needs a timer only while there is one', async () => {
    const { meter, timers } = setUp();
    const [first, second] = [
      await meter.admit(guestWith({ concurrentRequests: 2 })),
      await meter.admit(guestWith({ concurrentRequests: 2 })),
    ];
    expect(timers.running()).toBe(1);
    await first.release();
    expect(timers.running()).toBe(1);
    await second.release();
    timers.tick();
    expect(timers.running()).toBe(0);
    await meter.admit(guestWith({ requestsPerMinute: 2 }));
    expect(timers.running()).toBe(0);
  });

  it('goes on when a renewal fails, and when its lease cannot be dropped', async () => {
    const { meter, timers } = setUp(brokenStore('renew', 'drop'));
    const admission = await meter.admit(guestWith({ concurrentRequests: 1 }));
    timers.tick();
    await admission.release();
    timers.tick();
    expect(timers.running()).toBe(0);
  });

  it('holds a place only where its caller may not run so many at once', async () => {
    const { meter } = setUp();
    expect(await meter.admit(guestWith({ concurrentRequests: 1 }))).toMatchObject({ holdsPlace: true });
    expect(await meter.admit(guestWith({ requestsPerMinute: 1 }))).toMatchObject({ holdsPlace: false });
    expect(await meter.admit(guestWith())).toMatchObject({ holdsPlace: false });
  });

  it('is released when its scope ends', async () => {
    const { meter } = setUp();
    const guest = guestWith({ concurrentRequests: 1 });
    {
      await using admission = await meter.admit(guest);
      expect(admission.states[0]).toMatchObject({ remaining: 0 });
    }
    expect((await meter.usage(guest))[0]).toMatchObject({ remaining: 1 });
  });

  it('keeps no process alive, with the timer of the platform', async () => {
    const countTimers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const meter = createMeter({ vocabulary: llm, store: createMemoryLimitStore() });
    const before = countTimers();
    const admission = await meter.admit(guestWith({ concurrentRequests: 1 }));
    expect(countTimers()).toBe(before);
    await admission.release();
  });
});

describe('reserveTokens', () => {
  it('reserves as much as fits every token limit of every grant', async () => {
    const { meter } = setUp();
    const caller = callerWith({ tokensPerDay: 1000, requestsPerMinute: 9 }, { tokensPerDay: 300, tokensPerMonth: 200 });
    const admission = await meter.admit(caller);
    const reservation = await admission.reserve('tokens', 2048, 1);
    expect(reservation.granted).toBe(200);
    const left = async () => (await meter.usage(caller)).map(({ name, remaining }) => `${name} ${remaining}`);
    expect(await left()).toEqual(['requestsPerMinute 8', 'tokensPerDay 800', 'tokensPerDay 100', 'tokensPerMonth 0']);
    await reservation.settle(50);
    expect(await left()).toEqual(['requestsPerMinute 8', 'tokensPerDay 950', 'tokensPerDay 250', 'tokensPerMonth 150']);
  });

  it('refuses when fewer than the least fit, and says until when', async () => {
    const { meter, clock } = setUp();
    const admission = await meter.admit(guestWith({ tokensPerDay: 10 }));
    await admission.reserve('tokens', 8, 8);
    await expect(admission.reserve('tokens', 8, 3)).rejects.toThrow(exceeded('tokensPerDay', 30));
    expect((await admission.reserve('tokens', 8, 2)).granted).toBe(2);
    await expect(admission.reserve('tokens', 8, 1)).rejects.toThrow(exceeded('tokensPerDay', 30));
    clock.advance(30_000);
    expect((await admission.reserve('tokens', 8, 1)).granted).toBe(8);
  });

  it('hands out to 200 requests at once what there is, and not a token more', async () => {
    const { meter } = setUp();
    const admission = await meter.admit(guestWith({ tokensPerDay: 1000 }));
    const answers = await Promise.allSettled(Array.from({ length: 200 }, () => admission.reserve('tokens', 7, 1)));
    const granted = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.granted : 0));
    expect(granted.reduce((sum, tokens) => sum + tokens)).toBe(1000);
  });

  it('settles once: the first word counts', async () => {
    const { meter } = setUp();
    const guest = guestWith({ tokensPerDay: 100 });
    const reservation = await (await meter.admit(guest)).reserve('tokens', 60, 1);
    await Promise.all([reservation.settle(10), reservation.settle(0)]);
    await reservation.settle(0);
    expect((await meter.usage(guest))[0]).toMatchObject({ remaining: 90 });
  });

  it('settles in the window in which it was reserved', async () => {
    const { meter, clock } = setUp();
    const guest = guestWith({ tokensPerDay: 100 });
    const admission = await meter.admit(guest);
    const before = await admission.reserve('tokens', 60, 1);
    clock.advance(60_000);
    await admission.reserve('tokens', 50, 1);
    await before.settle(0);
    expect((await meter.usage(guest))[0]).toMatchObject({ remaining: 50 });
  });

  it('counts whole what is never settled', async () => {
    const { meter } = setUp();
    const guest = guestWith({ tokensPerDay: 100 });
    const admission = await meter.admit(guest);
    await admission.reserve('tokens', 60, 1);
    await admission.release();
    expect((await meter.usage(guest))[0]).toMatchObject({ remaining: 40 });
  });

  it('counts what was used beyond what was granted', async () => {
    const { meter } = setUp();
    const guest = guestWith({ tokensPerDay: 100 });
    const admission = await meter.admit(guest);
    await (await admission.reserve('tokens', 60, 1)).settle(130);
    expect((await meter.usage(guest))[0]).toMatchObject({ remaining: 0 });
    await expect(admission.reserve('tokens', 1, 1)).rejects.toThrow(exceeded('tokensPerDay', 30));
  });

  it('asks the store for nothing when all of it was used', async () => {
    const { meter } = setUp(brokenStore('adjust'));
    await (await (await meter.admit(guestWith({ tokensPerDay: 9 }))).reserve('tokens', 5, 1)).settle(5);
  });

  it('says when a reservation could not be settled, and lets it count whole', async () => {
    const { meter } = setUp(brokenStore('adjust'));
    const guest = guestWith({ tokensPerDay: 100 });
    const reservation = await (await meter.admit(guest)).reserve('tokens', 60, 1);
    await expect(reservation.settle(10)).rejects.toThrow(unavailable);
    await expect(reservation.settle(10)).rejects.toThrow(unavailable);
    expect((await meter.usage(guest))[0]).toMatchObject({ remaining: 40 });
  });

  it.each([
    [10, -1, 'least'],
    [10, 1.5, 'least'],
    [1, 2, 'wanted'],
    [Number.NaN, 0, 'wanted'],
    [Number.POSITIVE_INFINITY, 0, 'wanted'],
  ])('refuses to reserve %d tokens and at least %d', async (wanted, least, name) => {
    const { meter } = setUp();
    for (const guest of [guestWith(), guestWith({ tokensPerDay: 9 })]) {
      const admission = await meter.admit(guest);
      await expect(admission.reserve('tokens', wanted, least)).rejects.toThrow(new RegExp(`^${name} must be`));
    }
  });

  it.each([-1, 0.5, Number.NaN])('refuses to settle %d tokens, and lets the reservation count whole', async (used) => {
    const { meter } = setUp();
    const guest = guestWith({ tokensPerDay: 9 });
    const reservation = await (await meter.admit(guest)).reserve('tokens', 5, 1);
    await expect(reservation.settle(used)).rejects.toThrow(TypeError);
    expect((await meter.usage(guest))[0]).toMatchObject({ remaining: 4 });
  });
});

describe('usage', () => {
  it('counts nothing', async () => {
    const { meter } = setUp();
    const guest = guestWith({ requestsPerMinute: 1, concurrentRequests: 1 });
    const before = await meter.usage(guest);
    expect(before).toMatchObject([
      { name: 'requestsPerMinute', source: 'guest', limit: 1, remaining: 1, resetSeconds: 30 },
      { name: 'concurrentRequests', source: 'guest', limit: 1, remaining: 1 },
    ]);
    expect(await meter.usage(guest)).toEqual(before);
  });

  it('shows nothing less than 0 where a limit was lowered', async () => {
    const { meter } = setUp();
    await (await meter.admit(guestWith({ tokensPerDay: 9 }))).reserve('tokens', 9, 1);
    expect((await meter.usage(guestWith({ tokensPerDay: 5 })))[0]).toMatchObject({ remaining: 0 });
  });

  it.each([() => Promise.reject(new Error('disk on fire')), async () => []])(
    'fails when the store does, or is short of an answer',
    async (read) => {
      const { meter } = setUp({ ...createMemoryLimitStore(), read });
      await expect(meter.usage(guestWith({ tokensPerDay: 5 }))).rejects.toThrow(unavailable);
    },
  );
});

describe('close', () => {
  it('releases what still runs, and lets nobody in afterwards', async () => {
    const inner = createMemoryLimitStore();
    const { meter, timers } = setUp({ ...inner, close: async () => undefined });
    const guest = guestWith({ concurrentRequests: 1 });
    const admission = await meter.admit(guest);
    await meter.close();
    expect(timers.running()).toBe(0);
    expect(await inner.read([{ kind: 'lease', key: 'concurrentRequests local:anonymous' }], 0)).toEqual([0]);
    await admission.release();
    const closed = setUp();
    await closed.meter[Symbol.asyncDispose]();
    await expect(closed.meter.admit(guest)).rejects.toThrow(unavailable);
  });

  it('says when the store cannot be closed', async () => {
    const { meter } = setUp(brokenStore('close'));
    await expect(meter.close()).rejects.toThrow(unavailable);
  });
});

describe('use', () => {
  const use = (limit: number, more: Partial<CountedUse> = {}): CountedUse => ({
    name: 'callsPerMinute',
    limit,
    window: 'minute',
    rule: 'mcp.files.tools.write',
    source: 'token ci',
    id: 'ci',
    ...more,
  });
  const daily = use(2, { name: 'callsPerDay', window: 'day' });
  const full = (limit: string, seconds: number) =>
    expect.objectContaining({ code: 'AUTH_LIMIT_EXCEEDED', limit, source: 'token ci', retryAfterSeconds: seconds });

  it('counts each rule of each grant by itself, and begins again with the window', async () => {
    const { meter, clock } = setUp();
    await meter.use([use(1)]);
    await expect(meter.use([use(1)])).rejects.toThrow(full('callsPerMinute', 30));
    await meter.use([use(1, { rule: 'mcp.files.tools.read' })]);
    await meter.use([use(1, { id: 'other' })]);
    await meter.use([use(1, { name: 'callsPerDay', window: 'day' })]);
    clock.advance(30_000);
    await meter.use([use(1)]);
  });

  it('counts against all or none, and says which has the longest wait, and for which rule', async () => {
    const { meter, clock } = setUp();
    await meter.use([daily]);
    await meter.use([daily, use(1)]);
    clock.advance(-3_600_000);
    const refused = await meter.use([daily, use(1)]).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      limit: 'callsPerDay',
      rule: 'mcp.files.tools.write',
      message: expect.stringContaining('callsPerDay of token ci for mcp.files.tools.write leaves no room'),
    });
    // The minute was not counted.
    await meter.use([use(1)]);
  });

  it('lets one of 200 that come at once do what may be done once', async () => {
    const { meter } = setUp();
    const answers = await Promise.allSettled(Array.from({ length: 200 }, () => meter.use([use(1)])));
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });

  it('asks the stricter of two grants that count the same, whichever comes first', async () => {
    for (const uses of [
      [use(1), use(5)],
      [use(5), use(1)],
    ]) {
      const { meter } = setUp();
      await meter.use(uses);
      await expect(meter.use(uses)).rejects.toThrow(full('callsPerMinute', 30));
    }
  });

  it('can be expected, which counts nothing', async () => {
    const { meter } = setUp();
    await meter.expectUse([use(1)]);
    await meter.use([use(1)]);
    await expect(meter.expectUse([use(1), daily])).rejects.toThrow(full('callsPerMinute', 30));
    await meter.expectUse([daily]);
  });

  it('asks no store for nothing, and fails closed without one', async () => {
    const { meter } = setUp(brokenStore('take', 'read'));
    await meter.use([]);
    await meter.expectUse([]);
    await expect(meter.use([use(1)])).rejects.toThrow(unavailable);
    await expect(meter.expectUse([use(1)])).rejects.toThrow(unavailable);
  });

  it('is shown beside the limits of grants, by the rules that have it', async () => {
    const { meter } = setUp();
    const mcp = {
      files: { tools: { write: { callsPerDay: 2 }, read: {} } },
      '*': { tools: { '*': { callsPerMinute: 3 } } },
    };
    const grant = { actions: ['chat' as const], mcp };
    const caller = {
      ...guestWith(),
      authority: [
        { grant: { actions: ['chat' as const] }, source: 'server policy', id: 'policy' },
        { grant, source: 'token ci', id: 'ci' },
        { grant, source: 'this request' },
      ],
    };
    await meter.use([daily]);
    expect(await meter.usage(caller)).toEqual([
      {
        name: 'callsPerDay',
        source: 'token ci',
        rule: 'mcp.files.tools.write',
        limit: 2,
        remaining: 1,
        resetSeconds: 30,
        windowSeconds: 86_400,
      },
      {
        name: 'callsPerMinute',
        source: 'token ci',
        rule: 'mcp["*"].tools["*"]',
        limit: 3,
        remaining: 3,
        resetSeconds: 30,
        windowSeconds: 60,
      },
    ]);
  });
});
