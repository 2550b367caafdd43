import { deriveKey } from './derive-key.ts';
import { toHex } from './hex.ts';

/** One key of at least 32 unpredictable bytes, or the present one and up to three former ones. */
export type KeyRing = Uint8Array | readonly Uint8Array[];

/** A key of a ring. */
export interface RingKey {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** 8 hexadecimal digits, which reveal nothing of the key. */
  id(): Promise<string>;
}

/** The keys of a ring, the present one first. */
export type RingKeys = readonly [RingKey, ...RingKey[]];

const KEY_BYTES = 32;
const MOST_KEYS = 4;
const ID_BYTES = 4;

/**
 * Copies the keys of a ring.
 *
 * @param name how an error names the ring
 * @throws {TypeError} when it has no key or more than four, when a key is too short, or appears twice
 */
export function readKeyRing(ring: KeyRing, name = 'digestKey'): RingKeys {
  const keys = (Array.isArray(ring) ? ring : [ring]).map((key: unknown): RingKey => {
    if (!(key instanceof Uint8Array)) {
      throw new TypeError(`${name} must be a Uint8Array of at least ${KEY_BYTES} random bytes, and no text`);
    }
    if (key.length < KEY_BYTES) throw new TypeError(`${name} must have at least ${KEY_BYTES} bytes`);
    const bytes = Uint8Array.from(key);
    let id: Promise<string> | undefined;
    return {
      bytes,
      id() {
        id ??= deriveKey(bytes, 'key id').then((derived) => toHex(derived.subarray(0, ID_BYTES)));
        return id;
      },
    };
  });
  const [current, ...former] = keys;
  if (current === undefined || former.length >= MOST_KEYS) {
    throw new TypeError(`${name} must be one key, or the present key and at most ${MOST_KEYS - 1} former ones`);
  }
  if (new Set(keys.map(({ bytes }) => `${bytes}`)).size < keys.length) {
    throw new TypeError(`${name} has the same key twice`);
  }
  return [current, ...former];
}

/**
 * The id of the key that a stored digest or seal was made with, and the rest of it. Earlier versions had one key, and
 * did not name it.
 */
export function splitKeyId(stored: string): { readonly keyId: string | undefined; readonly rest: string } {
  const colon = stored.indexOf(':');
  return { keyId: colon < 0 ? undefined : stored.slice(0, colon), rest: stored.slice(colon + 1) };
}
