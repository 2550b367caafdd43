import type { Grant } from '../authority/grant.ts';
import type { Words } from '../authority/vocabulary.ts';
import { endOf, parseDateTime } from '../date-time.ts';
import { formerSecrets } from '../token/former-secrets.ts';
import type { PreviousSecret, TokenRecord } from '../token/token-store.ts';

/** What may be shown of a token: its record without secrets, digests and keys. */
export interface TokenInfo<W extends Words = Words>
  extends Omit<TokenRecord, 'digest' | 'attenuationKey' | 'previous' | 'sealed' | 'grant'> {
  readonly grant: Grant<W>;
  /** Until when the former secret remains valid: RFC 3339, or `first-use` of the present one. */
  readonly overlapEndsAt?: string;
  /** When the token is due for a new secret: RFC 3339; by default 90 days after the present one was made. */
  readonly rotateAfter: string;
  /** Whether that time has passed. It is only a reminder: the token stays valid. */
  readonly rotationDue: boolean;
}

const ROTATE_AFTER_SECONDS = 90 * 86_400;

/** Turns a record into what may be shown of the token. */
export function toTokenInfo(record: TokenRecord, now: Date): TokenInfo {
  const { digest: _, attenuationKey: __, previous: ____, sealed: ___, ...told } = record;
  const { rotatedAt, createdAt, rotateAfterSeconds = ROTATE_AFTER_SECONDS, revokedAt } = record;
  const rotateAfter = (parseDateTime(rotatedAt ?? createdAt) ?? now.getTime()) + rotateAfterSeconds * 1000;
  const overlapEndsAt = endOfOverlap(formerSecrets(record), now);
  return {
    ...told,
    ...(overlapEndsAt !== undefined && { overlapEndsAt }),
    rotateAfter: new Date(rotateAfter).toISOString(),
    rotationDue: revokedAt === undefined && rotateAfter <= now.getTime(),
  };
}

/** The end of the former secret that remains valid for longest. */
function endOfOverlap(former: readonly PreviousSecret[], now: Date): string | undefined {
  const valid = former.filter(({ endsAt }) => now.getTime() < endOf(endsAt));
  if (valid.some(({ endsAt }) => endsAt === undefined)) return 'first-use';
  return valid
    .flatMap(({ endsAt = [] }) => endsAt)
    .toSorted()
    .at(-1);
}
