import { type Kysely, sql } from 'kysely';

/** The clocks of a process: one that may be set, and one that only runs on. Both in milliseconds. */
export interface ProcessClocks {
  readonly wall: () => number;
  readonly elapsed: () => number;
}

const SYSTEM: ProcessClocks = { wall: () => Date.now(), elapsed: () => performance.now() };

/** How long the time of the database is known from one answer: clocks that run on differ by less than 0.1 % meanwhile. */
const KNOWN_MILLISECONDS = 60_000;
/** When the two clocks of a process differ by more since the answer, it has slept, or its clock was set. */
const GAP_MILLISECONDS = 1000;

interface Answer extends Record<keyof ProcessClocks, number> {
  readonly database: number;
}

/**
 * Creates a clock that shows the database's time, as exactly as half of the way to it and back. It asks once a minute, and
 * after the process has slept; in between it goes by what has elapsed, never by the process's own date and time.
 */
export function createDatabaseClock(
  ask: () => Promise<number>,
  { wall, elapsed }: ProcessClocks = SYSTEM,
): () => number | Promise<number> {
  let known: Answer | undefined;
  let asking: Promise<Answer> | undefined;

  async function read(): Promise<Answer> {
    const before = elapsed();
    const database = await ask();
    const after = elapsed();
    return { database: database + (after - before) / 2, elapsed: after, wall: wall() };
  }

  function askOnce(): Promise<Answer> {
    asking ??= read()
      .then((answer) => {
        known = answer;
        return answer;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  return function now() {
    const passed = known === undefined ? 0 : elapsed() - known.elapsed;
    const isKnown = known !== undefined && Math.abs(wall() - known.wall - passed) < GAP_MILLISECONDS;
    if (known === undefined || !isKnown || passed >= KNOWN_MILLISECONDS) {
      return askOnce().then((answer) => Math.floor(answer.database + elapsed() - answer.elapsed));
    }
    return Math.floor(known.database + passed);
  };
}

/** Asks PostgreSQL for its time, in milliseconds since 1970. */
export async function readClock<Schema>(database: Kysely<Schema>): Promise<number> {
  const { rows } = await sql<{ now: string | number }>`
    select (extract(epoch from clock_timestamp()) * 1000)::text as now`.execute(database);
  const now = Number(rows[0]?.now);
  if (!Number.isFinite(now)) throw new Error('the database has not said what time it is');
  return now;
}
