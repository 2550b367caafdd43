import { endOf } from '../date-time.ts';
import { ConflictError } from '../errors.ts';
import type { TokenRecord } from '../store/token-store.ts';

/** Whether a token does not work any more by itself, whatever becomes of those that it was derived from. */
export function hasEnded({ revokedAt, expiresAt }: Pick<TokenRecord, 'revokedAt' | 'expiresAt'>, now: Date): boolean {
  return revokedAt !== undefined || !(now.getTime() < endOf(expiresAt));
}

/** Refuses to do to a token that has ended what only makes sense while it works. @throws `AUTH_CONFLICT` */
export function requireNotEnded(record: TokenRecord, now: Date, refusal: string): void {
  if (!hasEnded(record, now)) return;
  const why = record.revokedAt === undefined ? 'has expired' : 'was revoked';
  throw new ConflictError(`The token ${why}, and ${refusal}. Issue another one.`);
}
