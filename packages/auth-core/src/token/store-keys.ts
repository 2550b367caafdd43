import { StoreUnavailableError } from '../errors.ts';
import { formerSecrets } from './former-secrets.ts';
import { fromHex, toHex } from './hex.ts';
import { type RingKey, type RingKeys, splitKeyId } from './key-ring.ts';
import { listPages } from './list-pages.ts';
import { systemRandom } from './random.ts';
import { createRingSealer, type Sealer } from './sealer.ts';
import { openAttenuationKeys } from './token-secrets.ts';
import type { StoredKeys, TokenRecord, TokenStore } from './token-store.ts';
import { WrongKeyError } from './wrong-key-error.ts';

/** What a key of the ring is still needed for. */
export interface KeyUse {
  /** 8 hexadecimal digits, which reveal nothing of the key. Stored digests and audit entries name it. */
  readonly id: string;
  /** Whether new tokens are made with it. */
  readonly isCurrent: boolean;
  /** How many tokens that have not ended would stop working without it. */
  readonly tokens: number;
}

/** The keys of a ring, compared with those that the store is used with. */
export interface StoreKeys {
  /**
   * The key of the ids of tokens whose text names none.
   *
   * @param toWrite whether something will be written with the keys: the store must then have recorded them
   * @throws {AuthError} `AUTH_STORE_UNAVAILABLE`, with a `WrongKeyError` when the store is used with a key that is missing
   */
  openIdKey(toWrite: boolean): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Whether a digest was made with a key that was replaced by the present one of this ring. A process whose ring has
   * the new key as a further one changes nothing back.
   */
  isFormer(digest: string): Promise<boolean>;
  /** How much is left on each key, the present one first. */
  countUses(now: Date): Promise<KeyUse[]>;
}

interface OpenedKeys {
  readonly idKey: Uint8Array<ArrayBuffer>;
  /** The ids of the keys that the store was used with before the present one. */
  readonly older: readonly string[];
  /** Why the store has not recorded the present key. */
  readonly unrecorded?: unknown;
}

/** The key of ids of a store, and the ids of the keys that it is used with. */
interface FirstKeys {
  readonly idKey: Uint8Array<ArrayBuffer>;
  readonly ids: readonly string[];
}

/** What seals the key of ids in a store. */
export const ID_KEY_PURPOSE = 'key of ids';

const ID_KEY_BYTES = 32;
const ATTEMPTS = 10;
/** How many tokens of an earlier version are looked at for the key that they are stored with. */
const EARLIER_TOKENS = 100;

type KeyStore = Pick<TokenStore, 'list' | 'readKeys' | 'replaceKeys'>;

/**
 * Compares the keys of a ring with those that the store is used with, at the first use of either, and adds the present
 * key to them. A store without `readKeys` and `replaceKeys` cannot tell that a key is wrong.
 */
export function createStoreKeys(keys: RingKeys, sealer: Sealer, store: KeyStore): StoreKeys {
  const { readKeys, replaceKeys } = store;
  const oldest = keys.at(-1) ?? keys[0];
  let recorded: Promise<OpenedKeys> | undefined;

  async function findIds(): Promise<readonly string[]> {
    return Promise.all(keys.map((key) => key.id()));
  }

  /** A store that has tokens already has ids that were made with the one key that there was. */
  async function readFirst(): Promise<FirstKeys> {
    const tokens = await store.list({ limit: EARLIER_TOKENS });
    if (tokens.length === 0) return { idKey: systemRandom(new Uint8Array(ID_KEY_BYTES)), ids: [] };
    const only = keys.length > 1 ? await findOnlyKey(keys, tokens) : undefined;
    return { idKey: (only ?? oldest).bytes, ids: only === undefined ? [] : [await only.id()] };
  }

  async function readKnown({ idKey, ids }: StoredKeys): Promise<FirstKeys> {
    return { idKey: fromHex(await sealer.open(ID_KEY_PURPOSE, idKey)), ids };
  }

  async function record(): Promise<OpenedKeys> {
    const [current = '', ...former] = await findIds();
    if (readKeys === undefined || replaceKeys === undefined) return { idKey: oldest.bytes, older: former };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const known = await readKeys();
      const version = known?.version ?? 0;
      requireKeys(known, [current, ...former]);
      const { idKey, ids } = await (known === undefined ? readFirst() : readKnown(known));
      const place = ids.indexOf(current);
      const older = place < 0 ? ids : ids.slice(0, place);
      if (known !== undefined && place >= 0) return { idKey, older };
      const sealed = await sealer.seal(ID_KEY_PURPOSE, toHex(idKey));
      try {
        const added = { ids: place < 0 ? [...ids, current] : ids, idKey: sealed, version: version + 1 };
        if (await replaceKeys(added, version)) return { idKey, older };
      } catch (unrecorded) {
        return { idKey, older, unrecorded };
      }
    }
    throw new StoreUnavailableError(new Error('the keys of the store change faster than they can be read'));
  }

  async function open(toWrite: boolean): Promise<OpenedKeys> {
    recorded ??= record();
    const opening = recorded;
    try {
      const opened = await opening;
      // A database that can only be read is good enough to verify tokens.
      if ('unrecorded' in opened && toWrite) throw opened.unrecorded;
      if ('unrecorded' in opened && recorded === opening) recorded = undefined;
      return opened;
    } catch (error) {
      if (recorded === opening) recorded = undefined;
      throw error;
    }
  }

  return {
    openIdKey: async (toWrite) => (await open(toWrite)).idKey,
    async isFormer(digest) {
      const { keyId } = splitKeyId(digest);
      return keyId === undefined ? keys.length > 1 : (await open(false)).older.includes(keyId);
    },
    async countUses(now) {
      await open(false);
      const ids = await findIds();
      const uses = new Map(ids.map((id) => [id, 0]));
      const unnamed = ids.at(-1) ?? '';
      for await (const page of listPages(store, {})) {
        for (const record of page) {
          const needed = keysOf(record, now, unnamed);
          // A store that keeps no key of ids finds a custom key with the oldest key of the ring.
          const all =
            readKeys === undefined && isNamedByText(record) && needed.size > 0 ? [...needed, unnamed] : needed;
          for (const id of new Set(all)) uses.set(id, (uses.get(id) ?? 0) + 1);
        }
      }
      return [...uses].map(([id, tokens]) => ({ id, isCurrent: id === ids[0], tokens }));
    },
  };
}

/** The key that earlier versions, which named none, have sealed these tokens with. */
async function findOnlyKey(keys: RingKeys, tokens: readonly TokenRecord[]): Promise<RingKey | undefined> {
  for (const { id, attenuationKey } of tokens) {
    if (attenuationKey === undefined || splitKeyId(attenuationKey).keyId !== undefined) continue;
    for (const key of keys) {
      const [opened] = await openAttenuationKeys(createRingSealer([key], systemRandom), { id, attenuationKey });
      if (opened !== undefined) return key;
    }
  }
  return undefined;
}

/** @throws {AuthError} `AUTH_STORE_UNAVAILABLE`, with a `WrongKeyError` when a store is used with a key that is missing */
export function requireKeys(stored: StoredKeys | undefined, ids: readonly string[]): void {
  const missing = stored?.ids.find((id) => !ids.includes(id));
  if (missing === undefined) return;
  const wrong = new WrongKeyError(missing);
  throw new StoreUnavailableError(wrong, wrong.message);
}

/** Whether the id of a token was made of its text; see `Digest.idOf`. */
function isNamedByText({ kind, id }: TokenRecord): boolean {
  return kind === 'custom' && /^[0-9a-f]{16}$/.test(id);
}

/** The ids of the keys that a token cannot work without; none for one that has ended. */
function keysOf(record: TokenRecord, now: Date, unnamed: string): ReadonlySet<string> {
  const { kind, digest, sealed, attenuationKey, revokedAt, expiresAt } = record;
  const at = now.toISOString();
  const hasEnded = (end: string | undefined) => end !== undefined && end <= at;
  // A record of these kinds is a tombstone, not a token.
  if (kind === 'access' || kind === 'attenuated' || revokedAt !== undefined || hasEnded(expiresAt)) return new Set();
  const former = formerSecrets(record)
    .filter(({ endsAt }) => !hasEnded(endsAt))
    .flatMap((secret) => [secret.digest, secret.attenuationKey]);
  const stored = [digest, sealed, attenuationKey, ...former].filter((text) => text !== undefined);
  return new Set(stored.map((text) => splitKeyId(text).keyId ?? unnamed));
}
