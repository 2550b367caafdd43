import { endOf } from '../date-time.ts';
import { GrantNotCoveredError, InvalidInputError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { type AuthSettings, MAXIMUM_PERSONAL_ACCESS_TOKEN_SECONDS } from '../settings.ts';
import type { StoredTokenKind } from '../token/token-format.ts';
import type { TokenRecord } from '../token/token-store.ts';
import { checkExpiry } from './token-input.ts';

/** The input for the expiry of a token. */
export interface ExpiryRequest {
  readonly kind: StoredTokenKind;
  /** The requested expiry: RFC 3339. */
  readonly asked: string | undefined;
  readonly by: Principal;
  readonly now: Date;
  readonly settings: AuthSettings;
}

const NEVER_BY_ENDING = 'a token that ends cannot make one that never does';

/**
 * When a new token expires: as asked, or with the token that makes it. A personal access token always expires, and a
 * legacy token never does.
 */
export function expiryOfNew({ kind, asked, by, now, settings }: ExpiryRequest): string | undefined {
  if (kind === 'legacy') {
    if (asked !== undefined) refuseLegacyEnd();
    if (by.expiresAt !== undefined) throw new GrantNotCoveredError(NEVER_BY_ENDING);
    return undefined;
  }
  if (kind === 'personal-access') return expiryOfPersonal(asked, by, now, settings);
  const expiresAt = asked ?? by.expiresAt;
  return expiresAt === undefined ? undefined : checkExpiry(expiresAt, by, now);
}

/** When a rotated token expires: as asked, or as before; a personal access token starts a new lifetime. */
export function expiryOfRotated(record: TokenRecord, { kind, asked, by, now, settings }: ExpiryRequest) {
  if (kind === 'personal-access') return expiryOfPersonal(asked, by, now, settings);
  return asked === undefined ? record.expiresAt : expiryOfEdited(record, asked, by, now);
}

/** When an edited token expires; null asks for a token that never expires. */
export function expiryOfEdited(
  record: TokenRecord,
  asked: string | null,
  by: Principal,
  now: Date,
): string | undefined {
  if (record.kind === 'legacy' && asked !== null) refuseLegacyEnd();
  const expiresAt = asked === null ? undefined : checkExpiry(asked, by, now);
  if (record.kind === 'personal-access' && !isWithin(expiresAt, record.expiresAt)) {
    throw new InvalidInputError(
      'expiresAt',
      'of a personal access token can only be brought forward: the token says itself when it ends. Rotate it for a later end',
    );
  }
  if (expiresAt === undefined && by.expiresAt !== undefined) throw new GrantNotCoveredError(NEVER_BY_ENDING);
  return expiresAt;
}

function expiryOfPersonal(asked: string | undefined, by: Principal, now: Date, settings: AuthSettings): string {
  const latest = new Date(now.getTime() + MAXIMUM_PERSONAL_ACCESS_TOKEN_SECONDS * 1000).toISOString();
  if (asked === undefined) {
    const usual = new Date(now.getTime() + settings.personalAccessTokenSeconds * 1000).toISOString();
    const [earliest] = [usual, latest, ...(by.expiresAt === undefined ? [] : [by.expiresAt])].sort(byTime);
    return checkExpiry(earliest ?? usual, by, now);
  }
  const expiresAt = checkExpiry(asked, by, now);
  if (isWithin(expiresAt, latest)) return expiresAt;
  const days = MAXIMUM_PERSONAL_ACCESS_TOKEN_SECONDS / 86_400;
  throw new InvalidInputError('expiresAt', `must lie within ${days} days: no personal access token lives longer`);
}

function refuseLegacyEnd(): never {
  throw new InvalidInputError('expiresAt', 'is not for legacy tokens, which never expire. Revoke one to end it');
}

function byTime(left: string, right: string): number {
  return endOf(left) - endOf(right);
}

function isWithin(expiresAt: string | undefined, bound: string | undefined): boolean {
  return expiresAt !== undefined && bound !== undefined && byTime(expiresAt, bound) <= 0;
}
