import { endOf } from '../date-time.ts';
import { ConflictError } from '../errors.ts';
import type { TokenRecord } from '../token/token-store.ts';

/** Whether the token itself was revoked or has expired. The tokens that it was derived from are not looked at. */
export function hasEnded({ revokedAt, expiresAt }: Pick<TokenRecord, 'revokedAt' | 'expiresAt'>, now: Date): boolean {
  return revokedAt !== undefined || !(now.getTime() < endOf(expiresAt));
}

/** Refuses an act on a token that was revoked or has expired. @throws `AUTH_CONFLICT` */
export function requireNotEnded(record: TokenRecord, now: Date, refusal: string): void {
  if (!hasEnded(record, now)) return;
  const why = record.revokedAt === undefined ? 'has expired' : 'was revoked';
  throw new ConflictError(`The token ${why}, and ${refusal}. Issue another one.`);
}
