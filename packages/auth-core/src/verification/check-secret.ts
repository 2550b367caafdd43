import { endOf } from '../date-time.ts';
import { InvalidTokenError, StoreUnavailableError } from '../errors.ts';
import { constantTimeEqual } from '../token/digest.ts';
import type { PreviousSecret, TokenRecord, TokenStore } from '../token/token-store.ts';

/** A token, and whether its present or its former secret proved it. */
export interface CheckedSecret {
  readonly record: TokenRecord;
  readonly isCurrent: boolean;
}

/** A digest that no token has. An unknown id is compared with it, so that it takes the same work as a known one. */
const NOBODYS_DIGEST = '0'.repeat(64);

/** Compares the digest of the presented secret with the stored ones. @throws `AUTH_TOKEN_UNKNOWN` */
export function matchSecret(record: TokenRecord | undefined, digest: string): CheckedSecret {
  const isCurrent = constantTimeEqual(digest, record?.digest ?? NOBODYS_DIGEST);
  const isPrevious = constantTimeEqual(digest, record?.previous?.digest ?? NOBODYS_DIGEST);
  if (record === undefined || !(isCurrent || isPrevious)) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
  return { record, isCurrent };
}

const NAME_DIGITS = 16;

/** A name for a secret that distinguishes it from the secrets before and after it. It proves nothing. */
export function nameSecret({ digest }: { readonly digest: string }): string {
  return digest.slice(0, NAME_DIGITS);
}

/** When a token's former secret ends, in milliseconds since 1970; infinite until the present one is first used. */
export function endOfPrevious({ endsAt }: PreviousSecret): number {
  return endOf(endsAt);
}

const ATTEMPTS = 10;

/**
 * Ends the former secret of a token at the first use of the present one, and returns the updated token. The end is
 * stored before the use is accepted: any later use of the former secret is refused.
 */
export async function endPrevious(
  store: Pick<TokenStore, 'find' | 'update'>,
  found: TokenRecord,
  now: number,
): Promise<TokenRecord> {
  let record = found;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { previous } = record;
    if (previous === undefined || previous.endsAt !== undefined || record.rotatedAt !== found.rotatedAt) return record;
    const ended = {
      ...record,
      previous: { ...previous, endsAt: new Date(now).toISOString() },
      version: record.version + 1,
    };
    if (await store.update(ended, record.version)) return ended;
    const again = await store.find(record.id);
    if (again === undefined) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
    record = again;
  }
  throw new StoreUnavailableError(new Error(`token ${found.id} changes faster than it can be read`));
}
