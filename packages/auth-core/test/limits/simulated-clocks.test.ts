import { describe, expect, it } from 'vitest';
import { type Admission, anonymousPrincipal } from '../../src/index.ts';
import { createKyselyLimitStore } from '../../src/stores/kysely/index.ts';
import { sqlPlaces } from '../contract/places.ts';
import { llm } from '../words.ts';
import { createWorld } from './simulated-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = 250;
const LIMITS = { requestsPerMinute: 3, concurrentRequests: 1, tokensPerDay: 40, tokensPerMonth: 90 };
const GUEST = anonymousPrincipal(llm, { actions: ['chat'], limits: LIMITS }, 'guest');
/** A lease of 30 seconds that is renewed every 10 outlasts a shorter sleep. */
const OUTLASTED_MILLISECONDS = 20_000;

function seeded(seed: number) {
  let state = seed;
  function random(): number {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  }
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return { random, pick };
}

/** What was let in, by the window of the database's time. */
function createTally() {
  const used = new Map<string, number>();
  return {
    add(window: string, amount: number) {
      used.set(window, (used.get(window) ?? 0) + amount);
    },
    most: (kind: string) =>
      Math.max(0, ...[...used].filter(([window]) => window.startsWith(kind)).map(([, amount]) => amount)),
  };
}

const places = await sqlPlaces();

describe.each(places)('three processes whose clocks jump, and which sleep, on $name', ({ setUp }) => {
  it.each([1, 2, 3, 20_261_129])('pass no limit: seed %d', { timeout: 120_000 }, async (seed) => {
    const { random, pick } = seeded(seed);
    const place = await setUp((database) => createKyselyLimitStore(database));
    try {
      const stores = [await place.open(), await place.open(), await place.open()];
      const world = createWorld(stores, Date.UTC(2027, 0, 30, 23, 50));
      const running: { readonly number: number; readonly admission: Admission<'tokens'> }[] = [];
      const tally = createTally();
      let admitted = 0;

      async function request(number: number): Promise<void> {
        const admission = await world.processes[number]?.meter.admit(GUEST).catch(() => undefined);
        if (admission === undefined) return;
        admitted++;
        // Another one runs only where its process has slept for longer than its lease is kept alive.
        for (const other of running) {
          expect(other.number).not.toBe(number);
          expect(world.processes[other.number]?.sleptSinceRenewal()).toBeGreaterThan(OUTLASTED_MILLISECONDS);
        }
        running.push({ number, admission });
        const now = world.now();
        tally.add(`minute ${Math.floor(now / MINUTE)}`, 1);
        const granted = await admission.reserve('tokens', 7, 1).catch(() => undefined);
        tally.add(`day ${Math.floor(now / DAY)}`, granted?.granted ?? 0);
        tally.add(`month ${new Date(now).getUTCMonth()}`, granted?.granted ?? 0);
      }

      for (let step = 0; step < STEPS; step++) {
        const number = Math.floor(random() * 3);
        const unit = pick([MINUTE, HOUR, DAY, 40 * DAY]);
        await pick<() => unknown>([
          () => request(number),
          () => request(number),
          () => request(number),
          () => running.splice(0, 1)[0]?.admission.release(),
          () => world.processes[number]?.jump(Math.round((random() - 0.5) * 4 * unit)),
          () => world.pass(Math.round(random() * 20_000)),
          () => world.pass(5000 + Math.round(random() * MINUTE), [number]),
          () => world.pass(Math.round(random() * 8 * HOUR), [0, 1, 2]),
        ])();
      }
      expect(admitted).toBeGreaterThan(10);
      expect(tally.most('minute')).toBeLessThanOrEqual(LIMITS.requestsPerMinute);
      expect(tally.most('day')).toBeLessThanOrEqual(LIMITS.tokensPerDay);
      expect(tally.most('month')).toBeLessThanOrEqual(LIMITS.tokensPerMonth);
      for (const { admission } of running) await admission.release();
    } finally {
      await place.dispose();
    }
  });
});
