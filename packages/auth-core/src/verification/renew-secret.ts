import { constantTimeEqual, type Digest, renewDigest } from '../token/digest.ts';
import { formerSecrets } from '../token/former-secrets.ts';
import type { Sealer } from '../token/sealer.ts';
import type { StoreKeys } from '../token/store-keys.ts';
import { type StoredSecrets, storeSecrets } from '../token/token-secrets.ts';
import type { PreviousSecret, TokenRecord, TokenStore } from '../token/token-store.ts';
import type { IdentifiedToken } from './identify-token.ts';
import type { Proof } from './prove-token.ts';

/** What secrets are stored again with. */
export interface RenewingParts {
  readonly store: Pick<TokenStore, 'update'>;
  readonly digest: Digest;
  readonly sealer: Sealer;
  readonly keys: Pick<StoreKeys, 'isFormer'>;
}

/**
 * Stores a secret again under the present key, if it was stored under a former one or by an earlier system. Returns
 * whether it did. A store that fails, or a change by another process at the same time, leaves that to the next use.
 *
 * @param record the token as it is now, which may be newer than the one in the proof
 */
export async function renewSecret(
  token: IdentifiedToken,
  { record: found, age, isEarlier = false }: Pick<Proof, 'record' | 'age' | 'isEarlier'>,
  record: TokenRecord,
  parts: RenewingParts,
): Promise<boolean> {
  if (age === undefined) return false;
  const { id, version } = record;
  const proved = secretOf(record, age);
  // A derived token does not show the text of the one that it comes from.
  if (!('parsed' in token) || proved === undefined) return false;
  // A rotation since the proof has put another secret in this place. The age is one of the proof.
  const before = secretOf(found, age) as Pick<TokenRecord, 'digest'>;
  if (!constantTimeEqual(proved.digest, before.digest)) return false;
  if (!isEarlier && !(await parts.keys.isFormer(proved.digest))) return false;
  try {
    const secrets = await storeSecrets(parts, token.format, { id, secret: token.parsed.secret }, token.text);
    const digest = renewDigest(proved.digest, secrets.digest);
    const renewed = replaceSecret(record, age, { ...secrets, digest });
    return await parts.store.update({ ...renewed, version: version + 1 }, version);
  } catch {
    return false;
  }
}

function secretOf(record: TokenRecord, age: number): Pick<TokenRecord, 'digest'> | undefined {
  return [record, ...formerSecrets(record)][age];
}

/** The record with other secrets in the place of those of an age. The text is kept with the present one only. */
function replaceSecret(record: TokenRecord, age: number, secrets: StoredSecrets): TokenRecord {
  if (age === 0) return { ...record, ...secrets };
  const { sealed: _, ...kept } = secrets;
  const former = formerSecrets(record).map((secret, index) => (index === age - 1 ? { ...secret, ...kept } : secret));
  return { ...record, ...chained(former) };
}

/** The secrets as a record has them: each within the one after it. */
function chained([secret, ...older]: readonly PreviousSecret[]): Pick<TokenRecord, 'previous'> {
  return secret === undefined ? {} : { previous: { ...secret, ...chained(older) } };
}
