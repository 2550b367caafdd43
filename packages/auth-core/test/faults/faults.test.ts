import { describe, expect, it } from 'vitest';
import {
  type AuditEntry,
  AuthError,
  createApiKeyFormat,
  createAuditLog,
  createAuth,
  createMeter,
  type KeyRing,
} from '../../src/index.ts';
import { createTestDatabase } from '../postgres/test-database.ts';
import {
  type Afterwards,
  createImported,
  FAULTY_ACTS,
  type FaultyAct,
  type FaultyWorld,
  FORMER_KEY,
  type Outcome,
} from './acts.ts';
import type { Fault } from './faults.ts';
import { type FaultyPlace, type FaultyStores, faultyPlaces } from './places.ts';

/** How many faults are tried at once, where each has a place of its own. */
const AT_ONCE = 4;

async function settle(act: Promise<unknown>): Promise<Outcome> {
  return act.then(
    (answer) => ({ answer }),
    (error: unknown) => {
      if (!(error instanceof AuthError)) throw error;
      return { error };
    },
  );
}

/** Does an act in a fresh place, with a fault or without, and checks what is there afterwards; returns its steps. */
async function tryAct(place: FaultyPlace, faulty: FaultyAct, fault?: Fault): Promise<number> {
  const { prepare, act, check, ring = FORMER_KEY } = faulty;
  const stores = await place.setUp();
  try {
    const imported = createImported();
    const formats = [createApiKeyFormat(), imported];
    const opened: AsyncDisposable[] = [];
    const open = (digestKey: KeyRing) => {
      const own = stores.open();
      const log = createAuditLog({ store: own.audit, key: digestKey });
      const auth = createAuth({ store: own.tokens, digestKey, formats, audit: log.record });
      opened.push(auth);
      return { auth, log, stores: own };
    };
    const { auth, stores: own } = open(FORMER_KEY);
    const operator = auth.operator();
    const known = await auth.issue({ name: 'known', owner: 'ada', grant: auth.vocabulary.everything }, operator);
    const caller = await auth.verify(known.token);
    const meter = createMeter({ store: own.limits });
    const world: FaultyWorld = { auth, open, imported, meter, operator, known, caller };
    await prepare?.(world);
    stores.faults.arm(fault);
    const outcome = await settle(act(world));
    const steps = stores.faults.mend();
    if (fault === undefined) expect(outcome).not.toHaveProperty('error');
    // What is still tried in the background comes to its end.
    for (const one of opened) await one[Symbol.asyncDispose]();
    await check(await lookAfterwards(world, outcome, stores, ring));
    return steps;
  } finally {
    await stores.remove();
  }
}

async function lookAfterwards(
  world: FaultyWorld,
  outcome: Outcome,
  stores: Pick<FaultyStores, 'open'>,
  digestKey: KeyRing,
): Promise<Afterwards> {
  const { tokens, audit, limits } = stores.open();
  const log = createAuditLog({ store: audit, key: digestKey });
  expect(await log.verify()).toMatchObject({ intact: true });
  const formats = [createApiKeyFormat(), world.imported];
  const auth = createAuth({ store: tokens, digestKey, formats, cacheMilliseconds: 0 });
  return {
    ...world,
    meter: createMeter({ store: limits }),
    outcome,
    works: (token) =>
      auth.verify(token).then(
        () => true,
        () => false,
      ),
    stored: (id) => tokens.find(id),
    live: (await tokens.list({})).filter(({ revokedAt }) => revokedAt === undefined),
    told: withoutTakenBack(await log.list({ limit: 1000 })),
  };
}

/** Each entry with `made: false` takes back one of the same type and subject that came before it. */
function withoutTakenBack(entries: readonly AuditEntry[]): readonly AuditEntry[] {
  const told: AuditEntry[] = [];
  for (const entry of entries) {
    if (entry.details?.made !== false) told.push(entry);
    else {
      const taken = told.findLastIndex(({ type, subject }) => type === entry.type && subject === entry.subject);
      if (taken >= 0) told.splice(taken, 1);
    }
  }
  return told;
}

describe.each(faultyPlaces(await createTestDatabase()))('faults between any two steps, in $name', (place) => {
  it.each(Object.entries(FAULTY_ACTS))(
    '%s: each step fails, or loses its answer',
    { timeout: 120_000 },
    async (_, act) => {
      const steps = await tryAct(place, act);
      expect(steps).toBeGreaterThan(0);
      const faults = Array.from({ length: steps }, (_, index) => index + 1).flatMap((step) =>
        (['fails', 'loses its answer'] as const).flatMap((mode) =>
          [false, true].map((lasting): Fault => ({ step, mode, lasting })),
        ),
      );
      const failures: string[] = [];
      const tryFault = async (fault: Fault): Promise<void> => {
        try {
          await tryAct(place, act, fault);
        } catch (error) {
          failures.push(
            `step ${fault.step} of ${steps} ${fault.mode}${fault.lasting ? ', and all after it fail' : ''}: ${error}`,
          );
        }
      };
      const left = faults.values();
      const work = async (): Promise<void> => {
        for (const fault of left) await tryFault(fault);
      };
      await Promise.all(Array.from({ length: place.parallel ? AT_ONCE : 1 }, work));
      expect(failures).toEqual([]);
    },
  );
});
