import type { WarmCache } from './warm-cache.ts';

interface Flight<Answer> {
  readonly answer: Promise<Answer>;
  readonly startedAt: number;
  /** What the cache had dropped when it started. */
  readonly mark: number;
}

/** Lets verifications of one text that are asked for at the same time share one look into the store. */
export type SingleFlight<Answer> = (text: string, now: number, look: () => Promise<Answer>) => Promise<Answer>;

/**
 * Creates the flights of a verifier. A look is shared as long as its answer could come from the cache: for a number of
 * milliseconds, and until something is revoked or changed. Times are milliseconds since 1970.
 */
export function createSingleFlight<Answer>(cache: Pick<WarmCache, 'mark'>, milliseconds: number): SingleFlight<Answer> {
  const flights = new Map<string, Flight<Answer>>();
  return function fly(text, now, look) {
    const mark = cache.mark();
    const running = flights.get(text);
    if (running !== undefined && running.mark === mark) {
      const age = now - running.startedAt;
      // After the clock was set back, the age is unknown.
      if (age >= 0 && age < milliseconds) return running.answer;
    }
    const answer = look();
    const flight = { answer, startedAt: now, mark };
    flights.set(text, flight);
    const land = () => {
      if (flights.get(text) === flight) flights.delete(text);
    };
    answer.then(land, land);
    return answer;
  };
}
