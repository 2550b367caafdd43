import type { AuthorityEntry } from '../authority/decide.ts';
import type { Clock } from '../clock.ts';
import { parseDateTime } from '../date-time.ts';
import { InvalidTokenError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { TokenStore } from '../store/token-store.ts';
import type { Digest } from '../token/digest.ts';
import type { TokenFormat, TokenParts } from '../token/token-format.ts';
import type { LastUsed } from './last-used.ts';
import { readPrincipal } from './read-principal.ts';
import type { WarmCache } from './warm-cache.ts';

/** What a verifier works with. */
export interface VerifierParts {
  readonly store: Pick<TokenStore, 'find'>;
  readonly format: TokenFormat;
  readonly digest: Digest;
  readonly policy: AuthorityEntry;
  readonly clock: Clock;
  readonly cache: WarmCache;
  readonly lastUsed: LastUsed;
  /** Told of a token that turns out to have been revoked elsewhere while it was in use here. */
  readonly onRevoked: (id: string) => void;
}

/** The digest of no token: what an unknown id is compared with, so that it takes the work that a known one takes. */
const NOBODYS_DIGEST = '0'.repeat(64);

/** Creates the function that turns a presented text into a principal, or rejects with an `AuthError`. */
export function createVerifier(parts: VerifierParts): (text: string | undefined) => Promise<Principal> {
  const { store, format, digest, policy, clock, cache, lastUsed, onRevoked } = parts;

  async function verifyByStore(text: string, presented: TokenParts, now: number): Promise<Principal> {
    const mark = cache.mark();
    const record = await store.find(presented.id);
    const matches = await digest.matches(format.kind, presented, record?.digest ?? NOBODYS_DIGEST);
    if (record === undefined || !matches) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
    // What became of the token is told only to those who have proved that it is theirs.
    if (record.revokedAt !== undefined) {
      if (cache.drop(record.id)) onRevoked(record.id);
      throw new InvalidTokenError('AUTH_TOKEN_REVOKED');
    }
    const endsAt =
      record.expiresAt === undefined ? Number.POSITIVE_INFINITY : (parseDateTime(record.expiresAt) ?? Number.NaN);
    if (!(now < endsAt)) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
    const principal = readPrincipal(record, policy);
    cache.remember(text, { id: record.id, principal: Promise.resolve(principal), readAt: now, endsAt }, mark);
    lastUsed.note(record.id, now);
    return principal;
  }

  return function verify(text) {
    if (text === undefined || text === '') return Promise.reject(new InvalidTokenError('AUTH_TOKEN_MISSING'));
    const presented = format.parse(text);
    if (presented === undefined) return Promise.reject(new InvalidTokenError('AUTH_TOKEN_MALFORMED'));
    const now = clock().getTime();
    const warm = cache.find(text, now);
    if (warm === undefined) return verifyByStore(text, presented, now);
    lastUsed.note(warm.id, now);
    return warm.principal;
  };
}
