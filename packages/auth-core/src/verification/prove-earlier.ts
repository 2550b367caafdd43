import { InvalidTokenError } from '../errors.ts';
import { type Digest, isOneOf } from '../token/digest.ts';
import type { Sealer } from '../token/sealer.ts';
import type { EarlierSecret, PresentedToken, TokenKind } from '../token/token-format.ts';
import { openEarlierHash } from '../token/token-secrets.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import { type CheckedSecret, matchSecret } from './check-secret.ts';

/** A proved token, and whether what an earlier system stored of it has proved it. */
export interface EarlierProof extends CheckedSecret {
  readonly isEarlier: boolean;
}

/**
 * Proves the key of an earlier system: by its own digest once it was used here, until then by the hash of that system.
 * Where the text has no id, it may also be a key that was made here; that is looked for first, so that an imported hash
 * changes nothing for the holder of a key.
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
  const hashed = [(await earlier.hash?.()) ?? []].flat();
  const ids = named === undefined ? [secret, ...hashed].map((text) => digest.idOf(kind, text)) : [named];
  const { id, record } = await findFirst(await Promise.all(ids), find);
  const own = await digest.candidates(kind, { id, secret });
  const wrapped = await Promise.all(hashed.map((hash) => digest.candidates(kind, { id, secret: hash })));
  const isOwn = isOneOf(record?.digest ?? '', own);
  if (earlier.check === undefined || isOwn) {
    return { ...matchSecret(record, [...own, ...wrapped.flat()]), isEarlier: !isOwn };
  }
  const hash = await openEarlierHash(sealer, record);
  const isRight = await earlier.check(id, hash, address);
  if (record === undefined || hash === undefined || !isRight) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
  return { record, age: 0, isEarlier: true };
}

/** The first of the ids that a record has; the last of them when none has one. */
async function findFirst(
  ids: readonly string[],
  find: TokenStore['find'],
): Promise<{ readonly id: string; readonly record: TokenRecord | undefined }> {
  let last = '';
  for (const id of ids) {
    last = id;
    const record = await find(id);
    if (record !== undefined) return { id, record };
  }
  return { id: last, record: undefined };
}
