import type { CreditClaim, LeaseClaim, LimitStore, WindowClaim } from '../limits/limit-store.ts';
import {
  assertEqual,
  assertRejects,
  type ContractCase,
  type ContractCheck,
  type ContractOptions,
  createCases,
  type StoreSetup,
} from './contract-case.ts';

/** A place for counts that starts empty. */
export type LimitStoreSetup = StoreSetup<LimitStore>;

/**
 * The requirements for every limit store, as data that any test framework can run. Each case sets up its own place.
 *
 * @example
 * ```ts
 * import { createMemoryLimitStore } from '@latchkey/auth-core';
 * import { limitStoreContract } from '@latchkey/auth-core/testing';
 *
 * const cases = limitStoreContract(async () => {
 *   const store = createMemoryLimitStore();
 *   return { open: async () => store, dispose: async () => undefined };
 * });
 * for (const { run } of cases) await run(); // or: for (const { name, run } of cases) it(name, run);
 * ```
 */
export function limitStoreContract(
  setUp: () => Promise<LimitStoreSetup>,
  { durable = false }: ContractOptions = {},
): readonly ContractCase[] {
  return createCases(durable ? { ...CASES, ...DURABLE_CASES } : CASES, setUp);
}

const NOW = Date.parse('2027-01-01T00:00:30Z');
const MINUTE_END = Date.parse('2027-01-01T00:01:00Z');
const HOUR = 3_600_000;

function windowOf(key = 'requests a', windowEnd = MINUTE_END) {
  return { kind: 'window', key, windowEnd } as const;
}

function use(amount: number, limit: number, rest: Partial<WindowClaim> = {}): WindowClaim {
  return { ...windowOf(), amount, limit, ...rest };
}

const RUNNING = { kind: 'lease', key: 'running a' } as const;

function lease(leaseId: string, limit: number, rest: Partial<LeaseClaim> = {}): LeaseClaim {
  return { ...RUNNING, leaseId, limit, expiresAt: NOW + 30_000, ...rest };
}

function creditsOf(key = 'credits a', interval = 100, refill = 10) {
  return { kind: 'credit', key, interval, refill } as const;
}

function spend(amount: number, limit: number, rest: Partial<CreditClaim> = {}): CreditClaim {
  return { ...creditsOf(), amount, limit, ...rest };
}

const CASES: Readonly<Record<string, ContractCheck<LimitStore>>> = {
  async 'counts what was taken, and refuses what does not fit'(store) {
    assertEqual(await store.take([use(2, 3)], NOW), { taken: true, takings: [{ amount: 2, used: 2 }] });
    assertEqual(await store.take([use(2, 3)], NOW), { taken: false, refused: [0] });
    assertEqual(await store.take([use(1, 3)], NOW), { taken: true, takings: [{ amount: 1, used: 3 }] });
    assertEqual(await store.read([windowOf()], NOW), [3]);
  },
  async 'takes nothing where nothing is allowed'(store) {
    assertEqual(await store.take([use(1, 0)], NOW), { taken: false, refused: [0] });
    assertEqual(await store.take([lease('one', 0)], NOW), { taken: false, refused: [0] });
    assertEqual(await store.read([windowOf(), RUNNING], NOW), [0, 0]);
  },
  async 'counts each key and each window on its own'(store) {
    const later = { windowEnd: MINUTE_END + 60_000 };
    assertEqual(await store.take([use(1, 1), use(1, 1, { key: "requests b'; --" })], NOW), {
      taken: true,
      takings: [
        { amount: 1, used: 1 },
        { amount: 1, used: 1 },
      ],
    });
    assertEqual(await store.take([use(1, 1, later)], MINUTE_END), { taken: true, takings: [{ amount: 1, used: 1 }] });
    assertEqual(await store.take([use(1, 1)], NOW), { taken: false, refused: [0] });
    assertEqual(await store.read([{ ...windowOf(), ...later }, windowOf('requests c'), windowOf()], NOW), [1, 0, 1]);
  },
  async 'takes all claims or none, and says which did not fit'(store) {
    await store.take([use(3, 3), lease('one', 1)], NOW);
    const claims = [
      use(1, 9, { key: 'requests b' }),
      use(1, 3),
      lease('two', 1),
      lease('two', 1, { key: 'running b' }),
    ];
    assertEqual(await store.take(claims, NOW), { taken: false, refused: [1, 2] });
    assertEqual(await store.read([windowOf('requests b'), { kind: 'lease', key: 'running b' }], NOW), [0, 0]);
    assertEqual(await store.read([windowOf(), RUNNING], NOW), [3, 1]);
  },
  async 'only looks where nothing is asked for, even beyond the limit'(store) {
    await store.take([use(5, 5)], NOW);
    assertEqual(await store.take([use(0, 3)], NOW), { taken: true, takings: [{ amount: 0, used: 5 }] });
    const both = [use(0, 3), use(1, 1, { key: 'requests b' })];
    assertEqual((await store.take(both, NOW)).taken, true);
    assertEqual(await store.read([windowOf(), windowOf('requests b')], NOW), [5, 1]);
  },
  async 'grants as much as fits all, where less will do'(store) {
    await store.take([use(40, 100)], NOW);
    const claims = [use(80, 100, { least: 1 }), use(80, 70, { key: 'tokens b', least: 1 })];
    assertEqual(await store.take(claims, NOW), {
      taken: true,
      takings: [
        { amount: 60, used: 100 },
        { amount: 60, used: 60 },
      ],
    });
    assertEqual(await store.read([windowOf(), windowOf('tokens b')], NOW), [100, 60]);
  },
  async 'refuses when not even the least fits'(store) {
    await store.take([use(95, 100)], NOW);
    const claims = [use(80, 100, { key: 'tokens b', least: 1 }), use(80, 100, { least: 6 })];
    assertEqual(await store.take(claims, NOW), { taken: false, refused: [1] });
    assertEqual(await store.take([use(80, 90, { least: 0 })], NOW), {
      taken: true,
      takings: [{ amount: 0, used: 95 }],
    });
    assertEqual(await store.read([windowOf(), windowOf('tokens b')], NOW), [95, 0]);
  },
  async 'lets one of 200 takes at once have the one that is left'(store, setup) {
    const other = await setup.open();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => (index % 2 ? store : other).take([use(1, 1)], NOW)),
    );
    assertEqual(answers.filter(({ taken }) => taken).length, 1);
    assertEqual(await store.read([windowOf()], NOW), [1]);
  },
  async 'lets one of 200 requests at once run where one may run'(store, setup) {
    const other = await setup.open();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => (index % 2 ? store : other).take([lease(`lease ${index}`, 1)], NOW)),
    );
    assertEqual(answers.filter(({ taken }) => taken).length, 1);
    assertEqual(await store.read([RUNNING], NOW), [1]);
  },
  async 'hands out a budget to the last token among many at once, and no token twice'(store, setup) {
    const other = await setup.open();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).take([use(7, 100, { least: 1 })], NOW)),
    );
    const amounts = answers.map((answer) => (answer.taken ? (answer.takings[0]?.amount ?? 0) : 0));
    assertEqual(
      amounts.reduce((sum, amount) => sum + amount, 0),
      100,
    );
    assertEqual(await store.read([windowOf()], NOW), [100]);
  },
  async 'lets takes through that want the same counters in different orders'(store, setup) {
    const other = await setup.open();
    const keys = ['requests a', 'requests b', 'requests c'];
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const order = index % 2 ? keys : keys.toReversed();
        return (index % 2 ? store : other).take(
          [...order.map((key) => use(1, 50, { key })), lease(`${index}`, 50)],
          NOW,
        );
      }),
    );
    assertEqual(answers.filter(({ taken }) => taken).length, 50);
    assertEqual(await store.read([...keys.map((key) => windowOf(key)), RUNNING], NOW), [50, 50, 50, 50]);
  },
  async 'gives back, and never more than there was'(store) {
    await store.take([use(10, 10)], NOW);
    await store.adjust([{ ...windowOf(), amount: -4 }]);
    assertEqual(await store.read([windowOf()], NOW), [6]);
    assertEqual((await store.take([use(4, 10)], NOW)).taken, true);
    await store.adjust([{ ...windowOf(), amount: -99 }]);
    await store.adjust([{ ...windowOf('requests b'), amount: -1 }]);
    assertEqual(await store.read([windowOf(), windowOf('requests b')], NOW), [0, 0]);
  },
  async 'counts what was used beyond the limit, too'(store) {
    await store.take([use(10, 10)], NOW);
    await store.adjust([
      { ...windowOf(), amount: 5 },
      { ...windowOf('requests b'), amount: 2 },
    ]);
    assertEqual(await store.read([windowOf(), windowOf('requests b')], NOW), [15, 2]);
    assertEqual(await store.take([use(1, 10, { least: 1 })], NOW), { taken: false, refused: [0] });
  },
  async 'loses no correction among many at once'(store, setup) {
    const other = await setup.open();
    await store.take([use(100, 100)], NOW);
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).adjust([{ ...windowOf(), amount: -1 }])),
    );
    assertEqual(await store.read([windowOf()], NOW), [50]);
  },
  async 'ends a lease by itself when it is not renewed'(store) {
    await store.take([lease('one', 1)], NOW);
    assertEqual((await store.take([lease('two', 1)], NOW + 29_999)).taken, false);
    assertEqual(await store.read([RUNNING], NOW + 30_000), [0]);
    const again = lease('two', 1, { expiresAt: NOW + 60_000 });
    assertEqual(await store.take([again], NOW + 30_000), { taken: true, takings: [{ amount: 1, used: 1 }] });
  },
  async 'keeps a lease that is renewed'(store, setup) {
    const other = await setup.open();
    await store.take([lease('one', 1), lease('one', 1, { key: 'running b' })], NOW);
    const elsewhere = { key: 'running b', leaseId: 'one' };
    await other.renew([{ key: RUNNING.key, leaseId: 'one' }, elsewhere], NOW + 60_000);
    assertEqual((await store.take([lease('two', 1)], NOW + 59_999)).taken, false);
    assertEqual(await store.read([RUNNING, { kind: 'lease', key: 'running b' }], NOW + 59_999), [1, 1]);
  },
  async 'brings back a lease that has expired while its holder still runs'(store, setup) {
    const other = await setup.open();
    await store.take([lease('one', 1)], NOW);
    const later = NOW + 40_000;
    assertEqual((await other.take([lease('two', 1, { expiresAt: later + 30_000 })], later)).taken, true);
    await store.renew([{ key: RUNNING.key, leaseId: 'one' }], later + 30_000);
    assertEqual(await other.read([RUNNING], later), [2]);
    await other.drop(['two']);
    assertEqual((await other.take([lease('three', 1, { expiresAt: later + 30_000 })], later)).taken, false);
  },
  async 'ends the leases that are dropped, and no others'(store) {
    const elsewhere = { kind: 'lease', key: 'running b' } as const;
    await store.take([lease('one', 2), lease('one', 2, elsewhere)], NOW);
    await store.take([lease('two', 2)], NOW);
    await store.drop(['one', 'unknown']);
    assertEqual(await store.read([RUNNING, elsewhere], NOW), [1, 0]);
    await store.drop([]);
    await store.renew([], NOW + 60_000);
    assertEqual(await store.read([RUNNING], NOW), [1]);
  },
  async 'renews some leases while others are dropped, and what is dropped is gone'(store, setup) {
    const other = await setup.open();
    const ids = Array.from({ length: 20 }, (_, index) => `lease ${index}`);
    for (const id of ids) await store.take([lease(id, 99), lease(id, 99, { key: 'running b' })], NOW);
    const kept = ids.slice(10).flatMap((leaseId) => [RUNNING.key, 'running b'].map((key) => ({ key, leaseId })));
    await Promise.all([
      ...Array.from({ length: 10 }, (_, index) => store.renew(index % 2 ? kept : kept.toReversed(), NOW + 60_000)),
      ...ids.slice(0, 10).map((id) => other.drop([id])),
    ]);
    assertEqual(await store.read([RUNNING, { kind: 'lease', key: 'running b' }], NOW + 59_999), [10, 10]);
  },
  async 'shows what was counted to every connection'(store, setup) {
    const other = await setup.open();
    await store.take([use(3, 9), lease('one', 2)], NOW);
    assertEqual(await other.read([windowOf(), RUNNING], NOW), [3, 1]);
    await other.adjust([{ ...windowOf(), amount: -1 }]);
    await other.drop(['one']);
    assertEqual(await store.read([windowOf(), RUNNING], NOW), [2, 0]);
  },
  async 'remembers a window for an hour after its end, for clocks that are late'(store) {
    await store.take([use(1, 1)], NOW);
    const next = MINUTE_END + HOUR;
    await store.take([use(1, 1, { windowEnd: next })], next - 1);
    assertEqual(await store.take([use(1, 1)], NOW), { taken: false, refused: [0] });
  },
  async 'remembers the window of a day for a month after its end, for clocks that were days ahead'(store) {
    const day = { windowEnd: Date.parse('2027-01-02T00:00:00Z') };
    await store.take([use(1, 1, day)], NOW);
    const ahead = NOW + 30 * 24 * HOUR;
    const then = { windowEnd: Date.parse('2027-02-01T00:00:00Z') };
    await store.take([use(1, 1, then)], ahead);
    assertEqual(await store.take([use(1, 1, day)], NOW), { taken: false, refused: [0] });
    const later = { windowEnd: Date.parse('2027-03-01T00:00:00Z') };
    await store.take([use(1, 1, later)], NOW + 58 * 24 * HOUR);
    assertEqual(
      await store.read(
        [
          { ...windowOf(), ...day },
          { ...windowOf(), ...then },
        ],
        NOW,
      ),
      [0, 1],
    );
  },
  async 'spends credits until there are none, and however long that is ago'(store) {
    const forever = { interval: 0, refill: 0 };
    assertEqual((await store.take([spend(20, 25, forever)], NOW)).taken, true);
    assertEqual(await store.take([spend(20, 25, forever)], NOW), { taken: false, refused: [0] });
    const later = NOW + 5 * 365 * 24 * HOUR;
    const rest = { taken: true, takings: [{ amount: 5, used: 25 }] };
    assertEqual(await store.take([spend(9, 25, { ...forever, least: 1 })], later), rest);
    assertEqual(await store.take([spend(1, 25, forever)], later), { taken: false, refused: [0] });
    assertEqual(await store.take([spend(0, 3, forever)], later), { taken: true, takings: [{ amount: 0, used: 25 }] });
    assertEqual(await store.read([creditsOf('credits a', 0, 0), creditsOf('credits b', 0, 0)], later), [25, 0]);
  },
  async 'brings credits back with each interval, and no more than were spent'(store) {
    await store.take([spend(25, 25)], NOW);
    assertEqual(await store.read([creditsOf('credits a', 101)], NOW), [15]);
    assertEqual(await store.take([spend(11, 25, { interval: 101 })], NOW), { taken: false, refused: [0] });
    const taken = { taken: true, takings: [{ amount: 10, used: 25 }] };
    assertEqual(await store.take([spend(10, 25, { interval: 101 })], NOW), taken);
    assertEqual(await store.read([creditsOf('credits a', 103), creditsOf('credits a', 999_999)], NOW), [5, 0]);
    assertEqual((await store.take([spend(26, 25, { interval: 999_999 })], NOW)).taken, false);
  },
  async 'brings nothing back to a process whose clock is behind, nor twice'(store) {
    await store.take([spend(25, 25, { interval: 105 })], NOW);
    assertEqual(await store.take([spend(1, 25, { interval: 101 })], NOW), { taken: false, refused: [0] });
    await store.adjust([{ ...creditsOf('credits a', 105), amount: -5 }]);
    await store.take([spend(5, 25, { interval: 101 })], NOW);
    assertEqual(await store.read([creditsOf('credits a', 105), creditsOf('credits a', 106)], NOW), [25, 15]);
  },
  async 'gives credits back in the interval that they were spent in, and counts more that were spent'(store) {
    await store.take([spend(20, 25)], NOW);
    await store.adjust([{ ...creditsOf(), amount: -15 }]);
    assertEqual(await store.read([creditsOf()], NOW), [5]);
    await store.take([spend(1, 25, { interval: 101 })], NOW);
    await store.adjust([{ ...creditsOf(), amount: -1 }]);
    assertEqual(await store.read([creditsOf('credits a', 101)], NOW), [1]);
    await store.adjust([
      { ...creditsOf(), amount: 30 },
      { ...windowOf(), amount: 1 },
      { ...creditsOf('credits b'), amount: -1 },
    ]);
    const counters = [creditsOf('credits a', 101), windowOf(), creditsOf('credits b')];
    assertEqual(await store.read(counters, NOW), [31, 1, 0]);
    await store.adjust([{ ...creditsOf('credits a', 101), amount: -99 }]);
    assertEqual(await store.read(counters, NOW), [0, 1, 0]);
  },
  async 'hands out credits to the last one among many at once, and none twice'(store, setup) {
    const other = await setup.open();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const claims = [spend(7, 100, { least: 1 }), spend(7, 90, { key: 'credits b', least: 1 })];
        return (index % 2 ? store : other).take(index % 3 ? claims : claims.toReversed(), NOW);
      }),
    );
    const amounts = answers.map((answer) => (answer.taken ? (answer.takings[0]?.amount ?? 0) : 0));
    assertEqual(
      amounts.reduce((sum, amount) => sum + amount, 0),
      90,
    );
    assertEqual(await store.read([creditsOf(), creditsOf('credits b')], NOW), [90, 90]);
  },
  async 'spends nothing where another claim does not fit'(store) {
    await store.take([use(3, 3)], NOW);
    assertEqual(await store.take([spend(5, 9), use(1, 3), lease('one', 1)], NOW), { taken: false, refused: [1] });
    assertEqual(await store.take([use(1, 9), spend(5, 4)], NOW), { taken: false, refused: [1] });
    assertEqual(await store.read([creditsOf(), windowOf(), RUNNING], NOW), [0, 3, 0]);
  },
  async 'refuses two claims with one key'(store) {
    await assertRejects(() => store.take([use(1, 9), use(1, 9)], NOW));
    assertEqual(await store.read([windowOf()], NOW), [0]);
  },
  async 'rejects once it is closed'(store) {
    await store.close();
    await assertRejects(() => store.take([use(1, 9)], NOW));
    await assertRejects(() => store.adjust([]));
    await assertRejects(() => store.read([], NOW));
    await assertRejects(() => store.renew([], NOW));
    await assertRejects(() => store.drop([]));
  },
};

const DURABLE_CASES: Readonly<Record<string, ContractCheck<LimitStore>>> = {
  async 'remembers what was counted when the one who counted has gone'(store, setup) {
    await store.take([use(3, 9), lease('one', 1)], NOW);
    await store.adjust([{ ...windowOf(), amount: -1 }]);
    await store.close();
    const again = await setup.open();
    assertEqual(await again.read([windowOf(), RUNNING], NOW), [2, 1]);
    assertEqual((await again.take([lease('two', 1)], NOW)).taken, false);
    assertEqual((await again.take([use(7, 9), lease('two', 1)], NOW + 30_000)).taken, true);
  },
};
