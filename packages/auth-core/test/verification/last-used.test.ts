import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAuth, createMemoryTokenStore } from '../../src/index.ts';
import { createLastUsed } from '../../src/verification/last-used.ts';
import { manualRepeat } from '../limits/manual-repeat.ts';

type Batch = ReadonlyMap<string, string>;

function setUp({ capacity = 10_000, startedAt = 0 } = {}) {
  const batches: [string, string][] = [];
  let fails = false;
  const store = {
    async touch(batch: Batch) {
      if (fails) throw new Error('no database');
      batches.push(...batch);
    },
  };
  const timer = manualRepeat();
  const lastUsed = createLastUsed(store, startedAt, timer.repeat, capacity);
  function setFailing(failing: boolean): void {
    fails = failing;
  }
  /** Lets the timer go off, and what it writes come to its end. Nothing here writes but the timer. */
  async function tick(): Promise<void> {
    timer.tick();
    await settle();
  }
  return { lastUsed, batches, timer, tick, setFailing };
}

/** Lets writes that have begun come to their end, and begins none. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

const at = (milliseconds: number) => new Date(milliseconds).toISOString();

describe('the times of last use', () => {
  it('are written early when there are too many to keep', async () => {
    const { lastUsed, batches } = setUp({ capacity: 2 });
    lastUsed.note('a', 1);
    lastUsed.note('b', 2);
    await settle();
    expect(batches).toEqual([
      ['a', at(1)],
      ['b', at(2)],
    ]);
  });

  it('are written by a timer, without another use', async () => {
    const { lastUsed, batches, tick } = setUp();
    lastUsed.note('a', 1);
    expect(batches).toEqual([]);
    await tick();
    expect(batches).toEqual([['a', at(1)]]);
  });

  it('keep no timer when nothing is used, and begin again', async () => {
    const { lastUsed, batches, timer, tick } = setUp();
    expect(timer.running()).toBe(0);
    lastUsed.note('a', 1);
    await tick();
    await tick();
    expect(timer.running()).toBe(0);
    lastUsed.note('b', 2);
    await tick();
    expect(batches).toHaveLength(2);
    await lastUsed.close();
    expect(timer.running()).toBe(0);
  });

  it('are written by the next use after half a minute, where no timer runs', async () => {
    const { lastUsed, batches } = setUp();
    lastUsed.note('a', 29_999);
    await settle();
    expect(batches).toEqual([]);
    lastUsed.note('a', 30_000);
    await settle();
    expect(batches).toEqual([['a', at(30_000)]]);
  });

  it('are written also by a process whose clock was set back', async () => {
    const { lastUsed, batches } = setUp({ startedAt: 86_400_000 });
    lastUsed.note('a', 1);
    await settle();
    expect(batches).toEqual([['a', at(1)]]);
  });

  it('are kept while they cannot be written, and replaced by newer ones only', async () => {
    const { lastUsed, batches, tick, setFailing } = setUp();
    setFailing(true);
    lastUsed.note('a', 1);
    lastUsed.note('b', 2);
    await tick();
    lastUsed.note('b', 3);
    setFailing(false);
    await tick();
    expect(new Map(batches)).toEqual(
      new Map([
        ['b', at(3)],
        ['a', at(1)],
      ]),
    );
  });

  it('are newer ones, where a use was noted while a write was under way that then failed', async () => {
    const [begun, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const batches: [string, string][] = [];
    let attempts = 0;
    const store = {
      async touch(batch: Batch) {
        begun.resolve();
        if (attempts++ === 0) await answered.promise;
        batches.push(...batch);
      },
    };
    const lastUsed = createLastUsed(store, 0, manualRepeat().repeat);
    lastUsed.note('a', 1);
    const writing = lastUsed.flush();
    await begun.promise;
    lastUsed.note('a', 2);
    answered.reject(new Error('no database'));
    await writing;
    await lastUsed.close();
    expect(batches).toEqual([['a', at(2)]]);
  });

  it('are kept as far as there is room', async () => {
    const { lastUsed, batches, setFailing } = setUp({ capacity: 2 });
    setFailing(true);
    lastUsed.note('a', 1);
    lastUsed.note('b', 2);
    lastUsed.note('c', 3);
    await lastUsed.flush();
    setFailing(false);
    await lastUsed.close();
    expect(batches).toHaveLength(2);
  });

  it('cause no write when there are none', async () => {
    const { lastUsed, batches } = setUp();
    await lastUsed.close();
    expect(batches).toEqual([]);
  });
});

describe('the time of last use of a token', () => {
  afterEach(() => void vi.useRealTimers());

  it('is seen by another process within a minute, though the one that it was used in is killed', async () => {
    const store = createMemoryTokenStore();
    const digestKey = new Uint8Array(32).fill(1);
    const [here, elsewhere] = [createAuth({ store, digestKey }), createAuth({ store, digestKey })];
    const { token, record } = await here.issue({ name: 'ci-bot', grant: { actions: ['usage:read'] } }, here.operator());
    const seen = async () => (await elsewhere.show(record.id, elsewhere.operator())).lastUsedAt;
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await here.verify(token);
    expect(await seen()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(60_000);
    // It is never closed.
    expect(await seen()).toBeDefined();
  });
});
