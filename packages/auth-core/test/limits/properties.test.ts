import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Admission,
  anonymousPrincipal,
  createMemoryLimitStore,
  createMeter,
  type GrantLimits,
  LimitExceededError,
  type Principal,
  type Reservation,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { llm } from '../words.ts';
import { manualRepeat } from './manual-repeat.ts';

/*
 * A small world: three tokens under one policy, one of them derived from another, and few of everything, so that the
 * limits are met often. What the meter lets happen is written down beside it, and compared with every limit.
 */
const CHAINS = [
  ['policy', 'a'],
  ['policy', 'a', 'b'],
  ['policy', 'c'],
] as const;

type Id = (typeof CHAINS)[number][number];

const grantLimits: fc.Arbitrary<GrantLimits> = fc.record(
  {
    requestsPerMinute: fc.nat(6),
    concurrentRequests: fc.nat(4),
    tokensPerDay: fc.nat(40),
    tokensPerMonth: fc.nat(60),
  },
  { requiredKeys: [] },
);
const world = fc.record({ policy: grantLimits, a: grantLimits, b: grantLimits, c: grantLimits });

type Step = readonly ['admit' | 'release' | 'reserve' | 'settle' | 'wait' | 'sleep', number, number];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('admit', 'admit', 'release', 'reserve', 'reserve', 'settle', 'wait', 'sleep'),
  fc.nat(30),
  fc.nat(10),
);

interface Happening {
  readonly chain: readonly Id[];
  readonly time: number;
  tokens: number;
}

function setUp(limits: Readonly<Record<Id, GrantLimits>>) {
  const clock = fixedClock('2027-01-30T23:58:00Z');
  const timers = manualRepeat();
  const meter = createMeter({ vocabulary: llm, store: createMemoryLimitStore(), clock, repeat: timers.repeat });
  const callers = CHAINS.map((chain): Principal => {
    const authority = chain.map((id) => ({
      grant: { actions: ['chat' as const], limits: limits[id] },
      source: id,
      id,
    }));
    return { ...anonymousPrincipal(llm, { actions: [] }, 'caller'), authority };
  });
  const requests: Happening[] = [];
  const running: { readonly chain: readonly Id[]; readonly admission: Admission }[] = [];
  const reserved: (Happening & { readonly reservation: Reservation; settled: boolean })[] = [];

  async function perform([name, first, second]: Step): Promise<void> {
    const time = clock().getTime();
    const place = first % CHAINS.length;
    const [chain, caller] = [CHAINS[place]!, callers[place]!];
    const request = running[first % (running.length || 1)];
    const past = reserved[first % (reserved.length || 1)];
    if (name === 'admit') {
      const admission = await meter.admit(caller);
      requests.push({ chain, time, tokens: 0 });
      running.push({ chain, admission });
    } else if (name === 'release' && request !== undefined) {
      running.splice(running.indexOf(request), 1);
      await request.admission.release();
    } else if (name === 'reserve' && request !== undefined) {
      const reservation = await request.admission.reserve('tokens', first + second, second);
      expect(reservation.granted).toBeGreaterThanOrEqual(second);
      expect(reservation.granted).toBeLessThanOrEqual(first + second);
      reserved.push({ chain: request.chain, time, tokens: reservation.granted, reservation, settled: false });
    } else if (name === 'settle' && past !== undefined) {
      const used = Math.min(second, past.reservation.granted);
      await past.reservation.settle(used);
      if (!past.settled) past.tokens = used;
      past.settled = true;
    } else if (name === 'wait') {
      clock.advance(second * 1000);
      timers.tick();
    } else if (name === 'sleep') {
      for (const { admission } of running.splice(0)) await admission.release();
      clock.advance(first * 3_600_000);
    }
  }

  /** What of a grant's limit is used now, by what has happened. */
  function used(name: string, id: string): number {
    const time = clock().toISOString();
    const sameWindow = (happening: Happening, length: number) =>
      happening.chain.some((member) => member === id) &&
      new Date(happening.time).toISOString().slice(0, length) === time.slice(0, length);
    const tokens = (length: number) =>
      reserved.reduce((sum, happening) => sum + (sameWindow(happening, length) ? happening.tokens : 0), 0);
    switch (name) {
      case 'requestsPerMinute':
        return requests.filter((happening) => sameWindow(happening, '2027-01-01T00:00'.length)).length;
      case 'concurrentRequests':
        return running.filter(({ chain }) => chain.some((member) => member === id)).length;
      case 'tokensPerDay':
        return tokens('2027-01-01'.length);
      case 'tokensPerMonth':
        return tokens('2027-01'.length);
      default:
        throw new Error(`${name} is no limit that is counted`);
    }
  }

  return { meter, callers, perform, used };
}

it('no limit of any grant in a chain is ever passed, and none refuses what would fit', async () => {
  const seen = { allowed: 0, refused: new Map<string, number>() };
  await fc.assert(
    fc.asyncProperty(world, fc.array(step, { minLength: 10, maxLength: 60 }), async (limits, steps) => {
      const { meter, callers, perform, used } = setUp(limits);
      for (const action of steps) {
        const refusal = await perform(action).then(
          () => undefined,
          (error) => error,
        );
        if (refusal === undefined) seen.allowed++;
        else {
          expect(refusal).toBeInstanceOf(LimitExceededError);
          const { limit, source } = refusal as LimitExceededError;
          seen.refused.set(limit, (seen.refused.get(limit) ?? 0) + 1);
          const least = action[0] === 'reserve' ? action[2] : 1;
          expect((limits[source as Id][limit] ?? Number.NaN) - used(limit, source)).toBeLessThan(least);
        }
        for (const caller of callers) {
          for (const { name, source, limit, remaining } of await meter.usage(caller)) {
            expect(used(name, source)).toBeLessThanOrEqual(limit);
            expect(remaining).toBe(limit - used(name, source));
          }
        }
      }
    }),
    { numRuns: 300 },
  );
  // Counted, because the property would hold for a meter that lets nobody in, and for steps that meet no limit.
  expect(seen.allowed).toBeGreaterThan(1000);
  expect([...seen.refused.keys()].sort()).toEqual([
    'concurrentRequests',
    'requestsPerMinute',
    'tokensPerDay',
    'tokensPerMonth',
  ]);
});
