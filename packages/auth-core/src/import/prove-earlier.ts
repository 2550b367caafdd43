import { InvalidTokenError } from '../errors.ts';
import { isOneOf } from '../token/digest.ts';
import type { EarlierContext, EarlierProof } from '../token/earlier-secret.ts';
import type { TokenParts } from '../token/token-parts.ts';
import { openEarlierHash } from '../token/token-secrets.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import { matchSecret } from '../verification/check-secret.ts';

/** How the hash that an earlier system stored of a secret is found again. */
export interface EarlierHashing {
  /** All that the earlier system may have stored, where it can be computed: it is digested in place of the secret. */
  hashes?(): Promise<readonly string[]>;
  /**
   * Whether the secret is that of a stored hash, where only that can be said. Undefined when there is no such key: the
   * same work is done, and the answer is false.
   *
   * @throws {AuthError} `AUTH_LIMIT_EXCEEDED` after too many attempts
   */
  check?(id: string, hash: string | undefined, address: string | undefined): Promise<boolean>;
}

/**
 * Proves the key of an earlier system: by its own digest once it was used here, until then by the hash of that system.
 * Where the text has no id, it may also be a key that was made here; that is looked for first, so that an imported hash
 * changes nothing for the holder of a key.
 *
 * @throws {AuthError} `AUTH_TOKEN_UNKNOWN`, `AUTH_LIMIT_EXCEEDED`, `AUTH_STORE_UNAVAILABLE`
 */
export async function proveEarlier(
  { id: named, secret }: Partial<TokenParts> & Pick<TokenParts, 'secret'>,
  earlier: EarlierHashing,
  { kind, find, digest, sealer, address }: EarlierContext,
): Promise<EarlierProof> {
  const hashed = (await earlier.hashes?.()) ?? [];
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
