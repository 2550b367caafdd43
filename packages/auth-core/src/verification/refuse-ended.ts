import { endOf } from '../date-time.ts';
import { InvalidTokenError } from '../errors.ts';
import { kindOfDerivedId } from '../token/derived-id.ts';
import type { TokenKind } from '../token/token-format.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import type { UnusedRefusal } from './refuse-unused.ts';

/** What decides that a token has ended. */
export interface EndingParts {
  readonly store: Pick<TokenStore, 'find'>;
  readonly requireEnabled: (kinds: readonly TokenKind[]) => void;
  readonly refuseUnused: UnusedRefusal;
  /** Whether an id was revoked in this process, even if the store does not have the revocation yet. */
  readonly isEnded: (id: string) => boolean;
  /** Called with the id of a token that the store has as revoked. */
  readonly onRevoked: (id: string) => void;
}

/**
 * Refuses a stored token that was revoked or has expired. Called only after the token, or one derived from it, was
 * proved, so that its state is not revealed to others.
 */
export function refuseEnded(record: TokenRecord, now: number, { onRevoked }: Pick<EndingParts, 'onRevoked'>): void {
  if (record.revokedAt !== undefined) {
    onRevoked(record.id);
    throw new InvalidTokenError('AUTH_TOKEN_REVOKED');
  }
  if (!(now < endOf(record.expiresAt))) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
}

/**
 * Refuses when any token of the chain was revoked, has expired, was not used for too long, or is of a disabled kind, and
 * returns the kinds.
 *
 * @param kind the kind of the presented token
 */
export async function refuseEndedChain(
  kind: TokenKind,
  lineage: readonly TokenRecord[],
  chain: readonly string[],
  now: number,
  parts: EndingParts,
): Promise<readonly TokenKind[]> {
  const stored = new Set(lineage.map(({ id }) => id));
  const derived = chain.filter((id) => !stored.has(id));
  const kinds = [kind, ...lineage.map((record) => record.kind), ...derived.flatMap((id) => kindOfDerivedId(id) ?? [])];
  parts.requireEnabled(kinds);
  for (const record of lineage) refuseEnded(record, now, parts);
  for (const record of lineage) parts.refuseUnused(record, now);
  // A derived token that is not stored itself may have been revoked: the store then has its tombstone.
  const stones = await Promise.all(derived.map((id) => parts.store.find(id)));
  for (const stone of stones) {
    if (stone !== undefined) refuseEnded(stone, now, parts);
  }
  // Checked last: nothing is awaited between this and the answer.
  if (chain.some(parts.isEnded)) throw new InvalidTokenError('AUTH_TOKEN_REVOKED');
  return [...new Set(kinds)];
}
