import { createMeter, type LimitStore, type Meter } from '../../src/index.ts';
import { createDatabaseClock } from '../../src/stores/kysely/database-clock.ts';
import { llm } from '../words.ts';
import { manualRepeat } from './manual-repeat.ts';

/** How often a process renews its leases. */
const TICK_MILLISECONDS = 10_000;

/** One process with clocks of its own, on the store that all of them share. */
export interface SimulatedProcess {
  readonly meter: Meter;
  /** Sets its clock by so many milliseconds. */
  jump(milliseconds: number): void;
  /** For how long it has slept since its leases were renewed, in milliseconds. */
  sleptSinceRenewal(): number;
}

/** Processes and a database whose time passes only when it is told to. */
export interface SimulatedWorld {
  readonly processes: readonly SimulatedProcess[];
  /** The time of the database, in milliseconds. */
  now(): number;
  /** Lets time pass, while the processes of these numbers sleep. */
  pass(milliseconds: number, asleep?: readonly number[]): Promise<void>;
}

/** Creates a world of as many processes as there are stores, each of which is a connection to the same place. */
export function createWorld(stores: readonly LimitStore[], begin: number): SimulatedWorld {
  let database = begin;
  const processes = stores.map((store) => createProcess(store, () => database));

  async function step(milliseconds: number, asleep: readonly number[]): Promise<void> {
    database += milliseconds;
    for (const [number, process] of processes.entries()) process.pass(milliseconds, asleep.includes(number));
    for (const process of processes) await process.settle();
  }

  return {
    processes,
    now: () => database,
    async pass(milliseconds, asleep = []) {
      // Where no process is awake, nothing happens meanwhile.
      const length = asleep.length === processes.length ? milliseconds : TICK_MILLISECONDS;
      for (let left = milliseconds; left > 0; left -= length) await step(Math.min(left, length), asleep);
    },
  };
}

function createProcess(shared: LimitStore, ask: () => number) {
  let wall = ask();
  let elapsed = 0;
  let ticked = 0;
  let slept = 0;
  const renewals: Promise<void>[] = [];
  const timers = manualRepeat();
  const clock = createDatabaseClock(async () => ask(), { wall: () => wall, elapsed: () => elapsed });
  async function renew(...given: Parameters<LimitStore['renew']>): Promise<void> {
    await shared.renew(...given);
    slept = 0;
  }
  const store: LimitStore = {
    ...shared,
    now: clock,
    renew(...given) {
      const renewal = renew(...given);
      renewals.push(renewal);
      return renewal;
    },
  };
  const meter = createMeter({ vocabulary: llm, store, clock: () => new Date(wall), repeat: timers.repeat });
  return {
    meter,
    jump(milliseconds: number) {
      wall += milliseconds;
    },
    sleptSinceRenewal: () => slept,
    pass(milliseconds: number, isAsleep: boolean) {
      wall += milliseconds;
      if (isAsleep) {
        slept += milliseconds;
        return;
      }
      elapsed += milliseconds;
      if (elapsed - ticked < TICK_MILLISECONDS) return;
      ticked = elapsed;
      timers.tick();
    },
    /** Resolves when the renewals that have begun are made. */
    async settle() {
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(renewals.splice(0));
    },
  };
}
