import { describe, expect, it } from 'vitest';
import { type Claim, createMemoryLimitStore, type LimitStore } from '../../src/index.ts';
import { limitStoreContract } from '../../src/testing/index.ts';

const ignored = async () => undefined;

/** Stores that break one promise each, and the case of the contract that must notice. */
const DAYS_AHEAD = Date.parse('2027-01-30T00:00:00Z');

const BROKEN: [notice: string, change: (store: LimitStore) => Partial<LimitStore>][] = [
  ['counts what was taken, and refuses what does not fit', ({ take }) => ({ take: takeWith(take, { limit: 9999 }) })],
  ['takes nothing where nothing is allowed', ({ take }) => ({ take: takeWith(take, { limit: 1 }) })],
  ['counts each key and each window on its own', ({ take }) => ({ take: takeWith(take, { windowEnd: 1 }) })],
  ['takes all claims or none, and says which did not fit', ({ take }) => ({ take: takeOneByOne(take) })],
  [
    'only looks where nothing is asked for, even beyond the limit',
    ({ take, read }) => ({
      async take(claims, now) {
        const used = await read(claims, now);
        const over = claims.findIndex((claim, index) => (used[index] ?? 0) > claim.limit);
        return over < 0 ? take(claims, now) : { taken: false, refused: [over] };
      },
    }),
  ],
  ['grants as much as fits all, where less will do', ({ take }) => ({ take: takeOneByOne(take) })],
  ['refuses when not even the least fits', ({ take }) => ({ take: takeWith(take, { least: 0 }) })],
  ['lets one of 200 takes at once have the one that is left', takeInTwoSteps],
  ['lets one of 200 requests at once run where one may run', takeInTwoSteps],
  ['hands out a budget to the last token among many at once, and no token twice', takeInTwoSteps],
  [
    'lets takes through that want the same counters in different orders',
    ({ take }) => ({
      // Two that wait for each other, and one of them is given up.
      async take(claims, now) {
        if (claims[0]?.key === 'requests c') throw new Error('deadlock detected');
        return take(claims, now);
      },
    }),
  ],
  ['gives back, and never more than there was', () => ({ adjust: ignored })],
  ['counts what was used beyond the limit, too', () => ({ adjust: ignored })],
  ['loses no correction among many at once', () => ({ adjust: ignored })],
  ['ends a lease by itself when it is not renewed', ({ take }) => ({ take: (claims) => take(claims, 0) })],
  ['keeps a lease that is renewed', () => ({ renew: ignored })],
  ['brings back a lease that has expired while its holder still runs', () => ({ renew: ignored })],
  ['ends the leases that are dropped, and no others', () => ({ drop: ignored })],
  ['renews some leases while others are dropped, and what is dropped is gone', () => ({ renew: ignored })],
  [
    'shows what was counted to every connection',
    ({ read }) => ({ read: async (all, now) => (await read(all, now)).map(() => 0) }),
  ],
  [
    'remembers a window for an hour after its end, for clocks that are late',
    ({ take }) => ({ take: (claims, now) => take(claims, now + 1) }),
  ],
  [
    'remembers the window of a day for a month after its end, for clocks that were days ahead',
    // Its clock jumps ahead by three days at the end of a month.
    ({ take }) => ({ take: (claims, now) => take(claims, now > DAYS_AHEAD ? now + 3 * 86_400_000 : now) }),
  ],
  [
    'spends credits until there are none, and however long that is ago',
    ({ take }) => ({ take: takeWith(take, { limit: 9999 }) }),
  ],
  [
    'brings credits back with each interval, and no more than were spent',
    ({ take }) => ({ take: takeWith(take, { refill: 0 }) }),
  ],
  [
    'brings nothing back to a process whose clock is behind, nor twice',
    ({ take, read }) => {
      let times = 0;
      return { take: (claims, now) => takeWith(take, { interval: 100 + 10 * ++times })(claims, now), read };
    },
  ],
  [
    'gives credits back in the interval that they were spent in, and counts more that were spent',
    () => ({ adjust: ignored }),
  ],
  ['hands out credits to the last one among many at once, and none twice', takeInTwoSteps],
  ['spends nothing where another claim does not fit', ({ take }) => ({ take: takeOneByOne(take) })],
  ['refuses two claims with one key', ({ take }) => ({ take: takeOneByOne(take) })],
  ['rejects once it is closed', () => ({ close: ignored })],
  [
    'remembers what was counted when the one who counted has gone',
    // A new memory with each `open()`.
    () => createMemoryLimitStore(),
  ],
];

function takeWith(take: LimitStore['take'], change: object): LimitStore['take'] {
  return (claims, now) =>
    take(
      claims.map((claim) => ({ ...claim, ...change }) as Claim),
      now,
    );
}

function takeOneByOne(take: LimitStore['take']): LimitStore['take'] {
  return async (claims, now) => {
    const answers = await Promise.all(claims.map((claim) => take([claim], now)));
    const refused = answers.flatMap(({ taken }, index) => (taken ? [] : [index]));
    if (refused.length > 0) return { taken: false, refused };
    return { taken: true, takings: answers.flatMap((answer) => (answer.taken ? answer.takings : [])) };
  };
}

/** Looks first, and takes later what fitted then. */
function takeInTwoSteps({ take, read }: LimitStore): Partial<LimitStore> {
  return {
    async take(claims, now) {
      const used = await read(claims, now);
      const refused = claims.flatMap(({ limit }, index) => ((used[index] ?? 0) < limit ? [] : [index]));
      return refused.length > 0 ? { taken: false, refused } : takeWith(take, { limit: 9999 })(claims, now);
    },
  };
}

describe('the contract of limit stores', () => {
  it('is broken in each of its cases by some store', () => {
    const names = limitStoreContract(async () => Promise.reject(), { durable: true }).map(({ name }) => name);
    expect(BROKEN.map(([notice]) => notice)).toEqual(names);
  });

  it.each(BROKEN)('notices a store that breaks: %s', async (notice, change) => {
    const setUp = async () => {
      const store = createMemoryLimitStore();
      return { open: async () => ({ ...store, ...change(store) }), dispose: () => store.close() };
    };
    const cases = limitStoreContract(setUp, { durable: true });
    await expect(cases.find(({ name }) => name === notice)?.run()).rejects.toThrow();
  });
});
