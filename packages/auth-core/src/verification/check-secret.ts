import { endOf } from '../date-time.ts';
import { InvalidTokenError, StoreUnavailableError } from '../errors.ts';
import { constantTimeEqual, isOneOf, nameSecret } from '../token/digest.ts';
import { formerSecrets } from '../token/former-secrets.ts';
import type { PreviousSecret, TokenRecord, TokenStore } from '../token/token-store.ts';

/** A token, and which of its secrets proved it. */
export interface CheckedSecret {
  readonly record: TokenRecord;
  /** 0: the present secret; 1: the one before it; and so on. */
  readonly age: number;
}

/** No token has this digest. An unknown id is compared with it, so that it takes the same work as a known one. */
const ABSENT: PreviousSecret = { digest: '0'.repeat(64) };

/** Compares the digests of the presented secret with the stored ones. @throws `AUTH_TOKEN_UNKNOWN` */
export function matchSecret(record: TokenRecord | undefined, digests: readonly string[]): CheckedSecret {
  const { digest: present, previous } = record ?? ABSENT;
  let age = isOneOf(present, digests) ? 0 : -1;
  // All of them are compared, whichever matches, and at least one.
  let index = 1;
  for (let secret: PreviousSecret | undefined = previous ?? ABSENT; secret !== undefined; secret = secret.previous) {
    if (isOneOf(secret.digest, digests) && age < 0) age = index;
    index++;
  }
  if (record === undefined || age < 0) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
  return { record, age };
}

/** The former secret of a token that has a name; undefined for the present one, and for an unknown name. */
export function findFormer(record: TokenRecord, provedBy: string | undefined): PreviousSecret | undefined {
  return provedBy === undefined || provedBy === nameSecret(record)
    ? undefined
    : formerSecrets(record).find((secret) => nameSecret(secret) === provedBy);
}

/** When a token's former secret ends, in milliseconds since 1970; infinite until a newer one is first used. */
export function endOfPrevious({ endsAt }: PreviousSecret): number {
  return endOf(endsAt);
}

const ATTEMPTS = 10;

/**
 * Ends the secrets of a token that are older than a secret that is used, and returns the updated token; those that have
 * an end keep it. This is stored before the use is accepted: any later use of an ended secret is refused.
 */
export async function endOlder(
  store: Pick<TokenStore, 'find' | 'update'>,
  found: TokenRecord,
  used: string,
  now: number,
): Promise<TokenRecord> {
  let record = found;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const ended = supersede(record, used, now);
    if (ended === record) return record;
    const changed = { ...ended, version: record.version + 1 };
    if (await store.update(changed, record.version)) return changed;
    const again = await store.find(record.id);
    if (again === undefined) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
    record = again;
  }
  throw new StoreUnavailableError(new Error(`token ${found.id} changes faster than it can be read`));
}

interface Secret {
  readonly digest: string;
  readonly previous?: PreviousSecret;
}

/** The secret with all that are older than the used one superseded; the same object when there is nothing to change. */
function supersede<Link extends Secret>(secret: Link, used: string, now: number, isOlder = false): Link {
  const { previous } = secret;
  const older = isOlder || constantTimeEqual(secret.digest, used);
  const before = previous && supersede(previous, used, now, older);
  const after = older && before !== undefined && awaitsUse(before, now) ? end(before, now) : before;
  return after === undefined || after === previous ? secret : { ...secret, previous: after };
}

/** Whether the first use of a newer secret changes this one. */
export function awaitsUse({ endsAt, retry }: PreviousSecret, now: number): boolean {
  return endsAt === undefined || (retry === 'open' && now < endOf(endsAt));
}

function end({ retry: _, ...secret }: PreviousSecret, now: number): PreviousSecret {
  return { endsAt: new Date(now).toISOString(), ...secret };
}
