import { parseDateTime } from '../date-time.ts';
import { InvalidTokenError } from '../errors.ts';
import type { AuthSettings } from '../settings.ts';
import type { TokenRecord } from '../token/token-store.ts';
import { readSettings } from './read-settings.ts';

/** Refuses a stored token that has ended because it was not used. @throws `AUTH_TOKEN_EXPIRED`, `AUTH_STORE_UNAVAILABLE` */
export type UnusedRefusal = (record: TokenRecord, now: number) => void;

/** Times of use are stored within a minute: a token that is in use is never refused because its last time is not there. */
const STORED_WITHIN_SECONDS = 60;

/** Creates the check for tokens that were not used for as long as the settings allow. */
export function createUnusedRefusal(settings: () => Pick<AuthSettings, 'unusedTokenSeconds'>): UnusedRefusal {
  return (record, now) => {
    const seconds = readSettings(() => settings().unusedTokenSeconds);
    if (seconds === undefined) return;
    const end = lastSignOf(record) + (seconds + STORED_WITHIN_SECONDS) * 1000;
    // A number of seconds that is not a number ends every token.
    if (!(now < end)) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
  };
}

/** The last time at which something shows that a token is needed: it was made, got its secret, or was used. */
export function lastSignOf({
  createdAt,
  rotatedAt,
  lastUsedAt,
}: Pick<TokenRecord, 'createdAt' | 'rotatedAt' | 'lastUsedAt'>): number {
  const times = [createdAt, rotatedAt, lastUsedAt].map((time) => (time === undefined ? 0 : (parseDateTime(time) ?? 0)));
  return Math.max(...times);
}
