import { InvalidTokenError } from '../errors.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import { endOfPrevious, endPrevious, nameSecret } from './check-secret.ts';
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
 * Ends the former secret when the present one is used, and refuses the former one after its end.
 *
 * @throws {AuthError} `AUTH_TOKEN_*`, `AUTH_STORE_UNAVAILABLE`
 */
export async function settleRotation(
  { record, isCurrent }: Proof,
  now: number,
  { store, refuseEnded, raiseAlarm, onChange }: SettlingParts,
): Promise<SettledProof> {
  if (isCurrent === undefined) return { record, endsAt: NEVER };
  const { previous } = record;
  if (previous === undefined) return { record, endsAt: NEVER, provedBy: nameSecret(record) };
  const provedBy = nameSecret(isCurrent ? record : previous);
  if (isCurrent && previous.endsAt !== undefined) return { record, endsAt: NEVER, provedBy };
  refuseEnded(record, now);
  if (isCurrent) {
    const settled = await endPrevious(store, record, now);
    onChange(record.id);
    return { record: settled, endsAt: NEVER, provedBy };
  }
  const endsAt = endOfPrevious(previous);
  if (now < endsAt) return { record, endsAt, provedBy };
  await raiseAlarm(record, now);
  throw new InvalidTokenError('AUTH_TOKEN_ROTATED');
}
