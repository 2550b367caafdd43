import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../clock.ts';

/** How the keys of an issuer are fetched and kept. */
export interface KeyFetching {
  /**
   * For how long fetched keys are used before they are fetched again: a minute by default. A key that the issuer has
   * dropped is accepted no longer than that, while the issuer answers.
   */
  readonly cacheMilliseconds?: number;
  /** How soon they may be fetched again for a token that names a key that is not among them: 5 seconds by default. */
  readonly cooldownMilliseconds?: number;
  /** For how long they are used while the issuer does not answer, since they were fetched: 10 minutes by default. */
  readonly staleMilliseconds?: number;
}

interface FetchedKeys {
  readonly find: JWTVerifyGetKey;
  readonly at: number;
}

/**
 * Finds keys at the URL of an issuer. They are fetched when needed, once for all tokens that wait for them.
 *
 * @throws {TypeError} when a time is not a number from 0
 */
export function createRemoteKeys(url: URL, clock: Clock, fetching: KeyFetching = {}): JWTVerifyGetKey {
  const { cacheMilliseconds = 60_000, cooldownMilliseconds = 5_000, staleMilliseconds = 600_000 } = fetching;
  for (const [name, value] of Object.entries(fetching)) {
    if (!(typeof value === 'number' && value >= 0)) throw new TypeError(`keys.${name} must be a number from 0`);
  }
  let fetched: FetchedKeys | undefined;
  let running: Promise<FetchedKeys> | undefined;
  let triedAt = Number.NaN;
  /** Why the last fetch has failed. */
  let failure: unknown;

  async function load(): Promise<FetchedKeys> {
    triedAt = clock().getTime();
    failure = undefined;
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(5_000),
    });
    if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
    const set = (await response.json()) as JSONWebKeySet;
    // It refuses what is no set of keys.
    fetched = { find: createLocalJWKSet(set), at: triedAt };
    return fetched;
  }

  function reload(): Promise<FetchedKeys> {
    running ??= load()
      .catch((error: unknown) => {
        failure = error;
        throw error;
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  }

  /** Whether less than a time has passed since; never, when the clock was set back. */
  function isWithin(since: number, milliseconds: number): boolean {
    const age = clock().getTime() - since;
    return age >= 0 && age < milliseconds;
  }

  async function current(): Promise<FetchedKeys> {
    const kept = fetched;
    if (kept !== undefined && isWithin(kept.at, cacheMilliseconds)) return kept;
    const usable = kept !== undefined && isWithin(kept.at, staleMilliseconds) ? kept : undefined;
    // An issuer that has just not answered is not asked for each token.
    if (usable !== undefined && failure !== undefined && isWithin(triedAt, cooldownMilliseconds)) return usable;
    try {
      return await reload();
    } catch (error) {
      if (usable === undefined) throw error;
      return usable;
    }
  }

  return async (header, token) => {
    const keys = await current();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // Whether it is a new key of the issuer's cannot be said while the issuer does not answer.
      if (isWithin(triedAt, cooldownMilliseconds)) throw failure ?? error;
      return (await reload()).find(header, token);
    }
  };
}
