import type { AuditLog } from '../audit/audit-log.ts';
import { type Clock, systemClock } from '../clock.ts';
import { ConflictError, StoreUnavailableError } from '../errors.ts';
import { guard } from '../guard.ts';
import { type SigningKeyStore, signingKeyPurpose } from '../jwt/signing-key-store.ts';
import { guardTokenStore } from '../token/guard-token-store.ts';
import { toHex } from '../token/hex.ts';
import { type KeyRing, type RingKeys, readKeyRing, splitKeyId } from '../token/key-ring.ts';
import { systemRandom } from '../token/random.ts';
import { createRingSealer } from '../token/sealer.ts';
import { createStoreKeys, ID_KEY_PURPOSE, type KeyUse, requireKeys } from '../token/store-keys.ts';
import type { TokenStore } from '../token/token-store.ts';

/** What {@link dropFormerKeys} works with. */
export interface DropKeysOptions {
  readonly store: TokenStore;
  /** The whole ring, the former keys included. */
  readonly digestKey: KeyRing;
  /** The log that is written with the same keys. Its chain is anchored before a key is dropped. */
  readonly audit?: Pick<AuditLog, 'anchor'>;
  /** Signing keys that are sealed with the same keys; they are sealed with the present one. */
  readonly signingKeys?: SigningKeyStore;
  /** Drops the keys even if tokens that have not ended still need them: those tokens stop working. */
  readonly force?: boolean;
  readonly clock?: Clock;
}

const ATTEMPTS = 10;

/**
 * Ends the use of all former keys: anchors the audit log under the present key, seals with it what is left in the store,
 * and records that the store is used with the present key alone. Afterwards, start every process with that one only.
 * Until then, and when this is interrupted, everything works with the whole ring; call it again.
 *
 * @returns the keys that are not needed any more, with the tokens that were left on each
 * @throws {AuthError} `AUTH_CONFLICT` when tokens still need a former key; `AUTH_AUDIT_UNAVAILABLE` when the log is not
 * as it was written; `AUTH_STORE_UNAVAILABLE`
 * @example
 * ```ts
 * import { createMemoryTokenStore } from '@latchkey/auth-core';
 * import { dropFormerKeys } from '@latchkey/auth-core/keys';
 *
 * const [current, former] = [1, 2].map(() => crypto.getRandomValues(new Uint8Array(32)));
 * const digestKey = [current, former].filter((key) => key !== undefined);
 * const dropped = await dropFormerKeys({ store: createMemoryTokenStore(), digestKey });
 * console.log(dropped.length); // 1
 * ```
 */
export async function dropFormerKeys(options: DropKeysOptions): Promise<readonly KeyUse[]> {
  const { digestKey, audit, force = false, clock = systemClock } = options;
  const store = guardTokenStore(options.store);
  const ring = readKeyRing(digestKey);
  const keys = createStoreKeys(ring, createRingSealer(ring, systemRandom), store);
  const idKey = await keys.openIdKey(true);
  const [, ...former] = await keys.countUses(clock());
  const needed = former.filter(({ tokens }) => tokens > 0);
  if (needed.length > 0 && !force) throw new ConflictError(`${needed.map(describeUse).join(', ')}. ${WHAT_TO_DO}`);
  const stuck = await guard(() => sealAgain(options.signingKeys, ring));
  if (stuck > 0 && !force) throw new ConflictError(STUCK);
  await audit?.anchor();
  const sealed = await createRingSealer([ring[0]], systemRandom).seal(ID_KEY_PURPOSE, toHex(idKey));
  const all = await Promise.all(ring.map((key) => key.id()));
  const ids = all.slice(0, 1);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const known = await store.readKeys?.();
    // Another process may have begun with a newer key meanwhile.
    requireKeys(known, all);
    const version = known?.version ?? 0;
    if ((await store.replaceKeys?.({ ids, idKey: sealed, version: version + 1 }, version)) ?? true) return former;
  }
  throw new StoreUnavailableError(new Error('the keys of the store change faster than they can be read'));
}

/**
 * Seals signing keys with the present key, and returns how many the store cannot move. One that none of the keys opens is
 * not used anyway.
 */
async function sealAgain(store: SigningKeyStore | undefined, ring: RingKeys): Promise<number> {
  const sealer = createRingSealer(ring, systemRandom);
  const current = await ring[0].id();
  let stuck = 0;
  for (const record of (await store?.list()) ?? []) {
    if (splitKeyId(record.sealed).keyId === current) continue;
    const purpose = signingKeyPurpose(record.kid);
    const text = await sealer.open(purpose, record.sealed).catch(() => undefined);
    if (text === undefined) continue;
    if (store?.update === undefined) stuck++;
    else await store.update({ ...record, sealed: await sealer.seal(purpose, text) });
  }
  return stuck;
}

const STUCK =
  'Signing keys need a former key, and their store has no update() to seal them again. Let them be replaced, or drop ' +
  'the key with force: what they have signed is then not accepted any more.';

const WHAT_TO_DO =
  'A token moves to the present key at its next use. Wait, rotate or revoke these tokens, or drop the key with force.';

function describeUse({ id, tokens }: KeyUse): string {
  return `${tokens} ${tokens === 1 ? 'token needs' : 'tokens need'} the former key ${id}`;
}
