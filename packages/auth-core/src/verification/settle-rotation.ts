import { InvalidTokenError } from '../errors.ts';
import { nameSecret } from '../token/digest.ts';
import { formerSecrets } from '../token/former-secrets.ts';
import type { PreviousSecret, TokenRecord, TokenStore } from '../token/token-store.ts';
import { awaitsUse, endOfPrevious, endOlder, findFormer } from './check-secret.ts';
import type { Proof } from './prove-token.ts';

/** The stored token with its rotation settled, which secret has proved it, and until when that one does. */
export interface SettledProof {
  readonly record: TokenRecord;
  readonly provedBy?: string;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

/** What a rotation is settled with. */
export interface SettlingParts {
  readonly store: Pick<TokenStore, 'find' | 'update'>;
  readonly refuseEnded: (record: TokenRecord, now: number) => void;
  readonly raiseAlarm: (record: TokenRecord, now: number) => Promise<void>;
  /** Called with the id of a token that was changed. */
  readonly onChange: (id: string) => void;
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Ends the secrets that are older than the used one, and refuses one that has ended.
 *
 * @throws {AuthError} `AUTH_TOKEN_*`, `AUTH_STORE_UNAVAILABLE`
 */
export async function settleRotation(
  { record, age }: Proof,
  now: number,
  { store, refuseEnded, raiseAlarm, onChange }: SettlingParts,
): Promise<SettledProof> {
  if (age === undefined) return { record, endsAt: NEVER };
  const former = formerSecrets(record);
  // An age is found in this list.
  const used = [record, ...former][age] as PreviousSecret;
  const provedBy = nameSecret(used);
  const endsAt = age === 0 ? NEVER : endOfPrevious(used);
  const older = former.slice(age).filter((secret) => awaitsUse(secret, now));
  if (age === 0 && older.length === 0) return { record, endsAt, provedBy };
  refuseEnded(record, now);
  if (!(now < endsAt)) {
    await raiseAlarm(record, now);
    throw new InvalidTokenError('AUTH_TOKEN_ROTATED');
  }
  if (older.length === 0) return { record, endsAt, provedBy };
  const settled = await endOlder(store, record, used.digest, now);
  onChange(record.id);
  // Another process may have seen a newer secret meanwhile.
  const left = age === 0 ? undefined : findFormer(settled, provedBy);
  if (left !== undefined && !(now < endOfPrevious(left))) throw new InvalidTokenError('AUTH_TOKEN_ROTATED');
  return { record: settled, endsAt, provedBy };
}
