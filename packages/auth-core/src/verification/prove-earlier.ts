import { InvalidTokenError } from '../errors.ts';
import { type Digest, isOneOf } from '../token/digest.ts';
import type { Sealer } from '../token/sealer.ts';
import type { EarlierSecret, PresentedToken, TokenKind } from '../token/token-format.ts';
import { openEarlierHash } from '../token/token-secrets.ts';
import type { TokenStore } from '../token/token-store.ts';
import { type CheckedSecret, matchSecret } from './check-secret.ts';

/** A proved token, and whether what an earlier system stored of it has proved it. */
export interface EarlierProof extends CheckedSecret {
  readonly isEarlier: boolean;
}

/**
 * Proves the key of an earlier system: by its own digest once it was used here, until then by the hash of that system.
 *
 * @throws {AuthError} `AUTH_TOKEN_UNKNOWN`, `AUTH_LIMIT_EXCEEDED`, `AUTH_STORE_UNAVAILABLE`
 */
export async function proveEarlier(
  kind: TokenKind,
  { id: named, secret, earlier }: PresentedToken & { readonly earlier: EarlierSecret },
  find: TokenStore['find'],
  { digest, sealer }: { readonly digest: Digest; readonly sealer: Sealer },
  address: string | undefined,
): Promise<EarlierProof> {
  const hashed = await earlier.hash?.();
  const id = named ?? (await digest.idOf(kind, hashed ?? secret));
  const record = await find(id);
  const own = await digest.candidates(kind, { id, secret });
  const wrapped = hashed === undefined ? [] : await digest.candidates(kind, { id, secret: hashed });
  const isOwn = isOneOf(record?.digest ?? '', own);
  if (earlier.check === undefined || isOwn) return { ...matchSecret(record, [...own, ...wrapped]), isEarlier: !isOwn };
  const hash = await openEarlierHash(sealer, record);
  const isRight = await earlier.check(id, hash, address);
  if (record === undefined || hash === undefined || !isRight) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
  return { record, age: 0, isEarlier: true };
}
