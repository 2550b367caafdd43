import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue, type Place } from '../../src/models/fair-queue.ts';

const NEVER = new AbortController().signal;
const usual = (key: string) => ({ key, weight: 1 });

interface Caller {
  readonly key: string;
  readonly weight: number;
  /** How many requests it has waiting at all times. */
  readonly requests: number;
  readonly tokens: () => number;
}

/** Runs callers that always have work against one place after the other; returns the tokens that each has got. */
async function simulate(callers: readonly Caller[], turns: number, places = 4): Promise<Map<string, number>> {
  const queue = new FairQueue({ places, waiting: 10_000, now: () => 0 });
  const got = new Map(callers.map(({ key }) => [key, 0]));
  const running: { readonly place: Place; readonly caller: Caller }[] = [];
  const ask = (caller: Caller): void => {
    void queue.enter(caller, NEVER).then((place) => {
      if (place !== undefined) running.push({ place, caller });
    });
  };
  for (const caller of callers) for (let index = 0; index < caller.requests; index += 1) ask(caller);
  for (let turn = 0; turn < turns; turn += 1) {
    // A place that was given to a request that has only just come takes a few turns of the queue of microtasks.
    await new Promise((resolve) => setImmediate(resolve));
    const next = running.shift();
    if (next === undefined) throw new Error('a place is free and nobody has it');
    const tokens = next.caller.tokens();
    got.set(next.caller.key, (got.get(next.caller.key) ?? 0) + tokens);
    ask(next.caller);
    next.place.charge(tokens);
    next.place[Symbol.dispose]();
  }
  return got;
}

/** 1 when all have the same, 1 over their number when one has everything. */
function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((total, share) => total + share ** 2, 0));
}

describe('a queue before a model', () => {
  it('gives equal keys equal shares, however many requests each has and however long they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ requests: fc.integer({ min: 6, max: 40 }), tokens: fc.integer({ min: 10, max: 400 }) }), {
          minLength: 8,
          maxLength: 8,
        }),
        async (kinds) => {
          const callers = kinds.map(({ requests, tokens }, index) => ({
            key: `token-${index}`,
            weight: 1,
            requests,
            tokens: () => tokens,
          }));
          const got = await simulate(callers, 8000);
          expect(jain([...got.values()])).toBeGreaterThan(0.95);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('gives one key beside thirty-two requests of another half of the model', async () => {
    const got = await simulate(
      [
        { key: 'many', weight: 1, requests: 32, tokens: () => 100 },
        { key: 'one', weight: 1, requests: 4, tokens: () => 100 },
      ],
      2000,
    );
    expect((got.get('one') ?? 0) / (got.get('many') ?? 1)).toBeGreaterThan(0.8);
  });

  it.each([
    [50, 50],
    [20, 300],
    [300, 20],
  ])('gives shares by weight, to answers of %i and of %i tokens', async (heavy, light) => {
    const got = await simulate(
      [
        { key: 'heavy', weight: 3, requests: 20, tokens: () => heavy },
        { key: 'light', weight: 1, requests: 20, tokens: () => light },
      ],
      4000,
    );
    expect((got.get('heavy') ?? 0) / (got.get('light') ?? 1)).toBeCloseTo(3, 0);
  });

  it('gives the next place to a key that has just come, before twelve older requests of another', async () => {
    const queue = new FairQueue({ places: 1, waiting: 64 });
    const first = await queue.enter(usual('busy'), NEVER);
    const order: string[] = [];
    for (let index = 0; index < 12; index += 1) void queue.enter(usual('busy'), NEVER).then(() => order.push('busy'));
    const short = queue.enter(usual('new'), NEVER).then(() => order.push('new'));
    first?.charge(500);
    first?.[Symbol.dispose]();
    await short;
    expect(order).toEqual(['new']);
  });

  it('saves nothing up for a key that rests, and forgives nothing to one that leaves for a moment', async () => {
    const queue = new FairQueue({ places: 1, waiting: 64 });
    const use = async (key: string, tokens: number): Promise<void> => {
      using place = await queue.enter(usual(key), NEVER);
      place?.charge(tokens);
    };
    const holder = await queue.enter(usual('holder'), NEVER);
    const spent = use('spender', 10_000);
    holder?.charge(10);
    const again = queue.enter(usual('holder'), NEVER);
    holder?.[Symbol.dispose]();
    await spent;
    const held = await again;
    const order: string[] = [];
    // The spender was away while 'holder' ran; it comes back with what it has used.
    const returned = queue.enter(usual('spender'), NEVER).then((place) => {
      order.push('spender');
      place?.[Symbol.dispose]();
    });
    const fresh = queue.enter(usual('fresh'), NEVER).then((place) => {
      order.push('fresh');
      place?.[Symbol.dispose]();
    });
    held?.charge(10);
    held?.[Symbol.dispose]();
    await Promise.all([returned, fresh]);
    expect(order).toEqual(['fresh', 'spender']);
  });

  it('is bounded: what comes when it is full is refused, with the time after which to try again', async () => {
    const queue = new FairQueue({ places: 1, waiting: 2 });
    await queue.enter(usual('a'), NEVER);
    void queue.enter(usual('a'), NEVER);
    void queue.enter(usual('b'), NEVER);
    await expect(queue.enter(usual('a'), NEVER)).rejects.toMatchObject({
      code: 'OVERLOADED',
      details: { retryAfterSeconds: expect.any(Number) },
    });
    expect(queue.waiting).toBe(2);
  });

  it('is not filled by one key alone: its last request makes room for another key', async () => {
    const queue = new FairQueue({ places: 1, waiting: 4 });
    await queue.enter(usual('greedy'), NEVER);
    const greedy = Array.from({ length: 4 }, () => queue.enter(usual('greedy'), NEVER));
    const displaced = expect(greedy[3]).rejects.toMatchObject({ code: 'OVERLOADED' });
    const modest = queue.enter(usual('modest'), NEVER);
    await displaced;
    expect(queue.waiting).toBe(4);
    void modest;
  });

  it('lets go of a request whose caller leaves, and loses no place by it', async () => {
    const queue = new FairQueue({ places: 1, waiting: 8 });
    const place = await queue.enter(usual('a'), NEVER);
    const left = new AbortController();
    const impatient = queue.enter(usual('b'), left.signal);
    const patient = queue.enter(usual('c'), NEVER);
    left.abort();
    expect(await impatient).toBeUndefined();
    expect(await queue.enter(usual('d'), AbortSignal.abort())).toBeUndefined();
    place?.[Symbol.dispose]();
    place?.[Symbol.dispose]();
    const second = await patient;
    expect(second).toBeDefined();
    second?.[Symbol.dispose]();
    using again = await queue.enter(usual('e'), NEVER);
    expect(again).toBeDefined();
    expect(queue.waiting).toBe(0);
  });
});

describe('the share of each key', () => {
  /** One place after the other goes to the request that came first. */
  async function inOrder(callers: readonly Caller[], turns: number): Promise<Map<string, number>> {
    const waiting = callers.flatMap((caller) => Array.from({ length: caller.requests }, () => caller));
    const got = new Map(callers.map(({ key }) => [key, 0]));
    for (let turn = 0; turn < turns; turn += 1) {
      const next = waiting.shift();
      if (next === undefined) throw new Error('nothing waits');
      got.set(next.key, (got.get(next.key) ?? 0) + next.tokens());
      waiting.push(next);
    }
    return got;
  }
  const busy = (key: string, requests: number, weight = 1): Caller => ({ key, weight, requests, tokens: () => 50 });
  const shareOf = (got: ReadonlyMap<string, number>, key: string): number =>
    (got.get(key) ?? 0) / [...got.values()].reduce((sum, tokens) => sum + tokens, 0);
  /** 1 for equal shares, 1/n when one key has everything. */
  const jain = (got: ReadonlyMap<string, number>): number => {
    const all = [...got.values()];
    return all.reduce((sum, one) => sum + one, 0) ** 2 / (all.length * all.reduce((sum, one) => sum + one ** 2, 0));
  };

  it.each([1, 3])(
    'is at least 0.8 of what is due to one stream of weight %d beside thirty-two of another',
    async (weight) => {
      const callers = [busy('one', 1, weight), busy('many', 32)];
      const due = weight / (weight + 1);
      expect(shareOf(await simulate(callers, 2000, 1), 'one') / due).toBeGreaterThanOrEqual(0.8);
      expect(shareOf(await inOrder(callers, 2000), 'one') / due).toBeLessThan(0.8);
    },
  );

  it("has a Jain's index of at least 0.95 over eight equal keys with different numbers of requests", async () => {
    const callers = Array.from({ length: 8 }, (_, index) => busy(`key ${index}`, 4 + index * 6));
    expect(jain(await simulate(callers, 4000))).toBeGreaterThanOrEqual(0.95);
    expect(jain(await inOrder(callers, 4000))).toBeLessThan(0.95);
  });
});
