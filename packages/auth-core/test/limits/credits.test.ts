import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anonymousPrincipal,
  createMemoryLimitStore,
  createMeter,
  credits,
  defineVocabulary,
  type LimitStore,
  type Principal,
  rate,
} from '../../src/index.ts';
import { createKyselyLimitStore } from '../../src/stores/kysely/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { sqlPlaces } from '../contract/places.ts';

const vocabulary = defineVocabulary({
  limits: {
    trial: credits(),
    daily: credits({ refill: { amount: 10, interval: 'day' } }),
    monthly: credits({ refill: { amount: 100, interval: 'month' } }),
    pages: credits({ unit: 'pages', refill: { amount: 1, interval: 'minute' } }),
    requestsPerHour: rate('hour'),
  },
});

type Limits = Partial<Record<'trial' | 'daily' | 'monthly' | 'pages' | 'requestsPerHour', number>>;

function caller(limits: Limits, parents: readonly Principal[] = [], id = 'a'): Principal {
  const principal = anonymousPrincipal(vocabulary, { actions: ['*'], limits }, id);
  const own = principal.authority.map((entry) => ({ ...entry, id }));
  return { ...principal, authority: [...parents.flatMap(({ authority }) => authority), ...own] };
}

function setUp(start = '2027-01-31T12:00:00Z', store: LimitStore = createMemoryLimitStore()) {
  const clock = fixedClock(start);
  const meter = createMeter({ vocabulary, store, clock });
  const left = async (principal: Principal) =>
    Object.fromEntries(
      (await meter.usage(principal)).map(({ name, source, remaining }) => [`${name} ${source}`, remaining]),
    );
  return { clock, meter, left };
}

describe('credits', () => {
  it('are spent by requests until there are none, and do not come back by themselves', async () => {
    const { clock, meter, left } = setUp();
    const by = caller({ trial: 2 });
    expect((await meter.admit(by)).states).toMatchObject([{ name: 'trial', limit: 2, remaining: 1 }]);
    await meter.admit(by);
    clock.advance(400 * 86_400_000);
    const refused = { code: 'AUTH_LIMIT_EXCEEDED', limit: 'trial', retryAfterSeconds: 86_400 };
    await expect(meter.admit(by)).rejects.toMatchObject(refused);
    expect(await left(by)).toEqual({ 'trial a': 0 });
    expect((await meter.usage(by))[0]).not.toHaveProperty('resetSeconds');
  });

  it('come back at the beginning of each interval of UTC, up to what the grant says', async () => {
    const { clock, meter, left } = setUp();
    const by = caller({ daily: 25 });
    await meter.admit(by, { cost: 25 });
    const refused = { limit: 'daily', retryAfterSeconds: 12 * 3600 };
    await expect(meter.admit(by)).rejects.toMatchObject(refused);
    clock.advance(12 * 3_600_000 - 1);
    expect(await left(by)).toEqual({ 'daily a': 0 });
    clock.advance(1);
    expect(await left(by)).toEqual({ 'daily a': 10 });
    // What comes back with an interval is not what may be spent in one.
    expect((await meter.usage(by))[0]).not.toHaveProperty('windowSeconds');
    await meter.admit(by, { cost: 4 });
    clock.advance(86_400_000);
    expect(await left(by)).toEqual({ 'daily a': 16 });
    clock.advance(86_400_000);
    expect(await left(by)).toEqual({ 'daily a': 25 });
  });

  it('come back with a month of the calendar', async () => {
    const { clock, meter, left } = setUp('2027-12-31T23:59:59Z');
    const by = caller({ monthly: 100 });
    await meter.admit(by, { cost: 100 });
    expect((await meter.usage(by))[0]).toMatchObject({ remaining: 0, resetSeconds: 1 });
    clock.advance(1000);
    expect(await left(by)).toEqual({ 'monthly a': 100 });
  });

  it('of every token of a chain are spent, and the request costs none when one of them has too few', async () => {
    const { meter, left } = setUp();
    const parent = caller({ trial: 10 }, [], 'parent');
    const [one, two] = [caller({ trial: 8 }, [parent], 'one'), caller({ daily: 5 }, [parent], 'two')];
    await meter.admit(one, { cost: 6 });
    expect(await left(two)).toEqual({ 'trial parent': 4, 'daily two': 5 });
    await expect(meter.admit(two, { cost: 5 })).rejects.toMatchObject({ limit: 'trial', source: 'parent' });
    expect(await left(two)).toEqual({ 'trial parent': 4, 'daily two': 5 });
    await meter.admit(two, { cost: 4 });
    await expect(meter.admit(one)).rejects.toMatchObject({ source: 'parent' });
  });

  it('with a unit are reserved and settled, and a request itself spends none', async () => {
    const { clock, meter, left } = setUp();
    const by = caller({ pages: 10 });
    const admission = await meter.admit(by, { cost: 7 });
    expect(await left(by)).toEqual({ 'pages a': 10 });
    const reservation = await admission.reserve('pages', 20, 1);
    expect(reservation.granted).toBe(10);
    await expect(admission.reserve('pages', 1, 1)).rejects.toMatchObject({ limit: 'pages', retryAfterSeconds: 60 });
    await reservation.settle(4);
    expect(await left(by)).toEqual({ 'pages a': 6 });
    clock.advance(60_000);
    expect(await left(by)).toEqual({ 'pages a': 7 });
  });

  it('are compared like any other limit', () => {
    const parent = [{ grant: vocabulary.parseGrant({ actions: ['*'], limits: { trial: 5 } }), source: 'parent' }];
    const covers = (limits: Limits) => vocabulary.covers(parent, { actions: ['*'], limits }).covered;
    expect([covers({ trial: 5 }), covers({ trial: 6 }), covers({})]).toEqual([true, false, false]);
  });

  it.each([0, -1, 1.5, Number.NaN])('cannot come back %s at a time', (amount) => {
    expect(() => credits({ refill: { amount, interval: 'day' } })).toThrow(TypeError);
    expect(() => credits({ refill: { amount: 1, interval: 'year' as never } })).toThrow(TypeError);
  });
});

describe('the cost of a request', () => {
  it('counts against rates, too', async () => {
    const { meter } = setUp();
    const by = caller({ requestsPerHour: 5 });
    expect((await meter.admit(by, { cost: 3 })).states).toMatchObject([{ remaining: 2 }]);
    expect((await meter.admit(by, { cost: 0 })).states).toMatchObject([{ remaining: 2 }]);
    await expect(meter.admit(by, { cost: 3 })).rejects.toMatchObject({ limit: 'requestsPerHour' });
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1'])('cannot be %s', async (cost) => {
    const { meter } = setUp();
    await expect(meter.admit(caller({}), { cost: cost as number })).rejects.toThrow(TypeError);
  });
});

/** Requests of three tokens at once, in rounds; between them the clock may go on. */
const rounds = fc.array(
  fc.record({
    costs: fc.array(fc.tuple(fc.nat(2), fc.nat(6)), { minLength: 1, maxLength: 12 }),
    days: fc.nat(2),
  }),
  { minLength: 1, maxLength: 4 },
);

const memory = {
  name: 'memory',
  setUp: async () => ({ open: async () => createMemoryLimitStore(), dispose: async () => undefined }),
};
const places = (await sqlPlaces()).map((place) => ({
  name: place.name,
  setUp: () => place.setUp((database) => createKyselyLimitStore(database)),
}));

describe.each([memory, ...places])('credits in $name', (place) => {
  it('are never spent twice, however many requests come at once', async () => {
    const { open, dispose } = await place.setUp();
    const [first, second] = [await open(), await open()];
    const stores = place === memory ? [first, first] : [first, second];
    let world = 0;
    const property = fc.asyncProperty(rounds, fc.nat(30), fc.nat(20), async (played, most, own) => {
      world += 1;
      const clock = fixedClock('2027-01-31T12:00:00Z');
      // Days pass by this clock, not by that of PostgreSQL.
      const meters = stores.map(({ now: _, ...store }) => createMeter({ vocabulary, store, clock }));
      const parent = caller({ daily: most }, [], `parent ${world}`);
      const callers = [parent, ...[1, 2].map((number) => caller({ daily: own }, [parent], `child ${world} ${number}`))];
      let balance = most;
      for (const { costs, days } of played) {
        const spending = costs.map(async ([who, cost], index) => {
          const admitted = meters[index % 2]?.admit(callers[who] as Principal, { cost });
          return admitted?.then(
            () => cost,
            () => 0,
          );
        });
        const spent = (await Promise.all(spending)).reduce<number>((sum, cost) => sum + (cost ?? 0), 0);
        balance -= spent;
        expect(balance).toBeGreaterThanOrEqual(0);
        clock.advance(days * 86_400_000);
        balance = Math.min(most, balance + 10 * days);
        expect((await meters[0]?.usage(parent))?.[0]?.remaining).toBe(balance);
      }
    });
    await fc.assert(property, { numRuns: place === memory ? 200 : 15 }).finally(dispose);
  });
});
