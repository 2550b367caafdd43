import { deriveKey } from './derive-key.ts';
import { fromHex, toHex } from './hex.ts';
import { type KeyRing, type RingKey, type RingKeys, readKeyRing, splitKeyId } from './key-ring.ts';
import { type RandomBytes, systemRandom } from './random.ts';

/**
 * Encrypts texts that must be read again, so that a stolen store reveals nothing. A text sealed for one purpose, which
 * names the record that it belongs to, cannot be opened for another.
 */
export interface Sealer {
  seal(purpose: string, text: string): Promise<string>;
  /** @throws {Error} when the text was not sealed with this key for this purpose, or was changed since */
  open(purpose: string, sealed: string): Promise<string>;
}

/** NIST SP 800-38D recommends 96 bits; random IVs are safe for 2^32 texts under one key. */
const IV_BYTES = 12;

/**
 * Creates a sealer with AES-256-GCM (NIST SP 800-38D) through WebCrypto; its key is derived from the one given. Of
 * several keys, the first one seals, and each of them opens. A sealed text begins with the id of its key and `:`.
 *
 * @example
 * ```ts
 * import { createSealer } from '@latchkey/auth-core';
 *
 * const sealer = createSealer(crypto.getRandomValues(new Uint8Array(32)));
 * const sealed = await sealer.seal('note 1', 'only the key opens this');
 * console.log(await sealer.open('note 1', sealed)); // only the key opens this
 * ```
 */
export function createSealer(key: KeyRing, random: RandomBytes = systemRandom): Sealer {
  return createRingSealer(readKeyRing(key, 'the key of a sealer'), random);
}

/** Creates a sealer with the keys of a ring. */
export function createRingSealer(keys: RingKeys, random: RandomBytes): Sealer {
  const encoder = new TextEncoder();
  const imported = new Map<RingKey, ReturnType<typeof importKey>>();

  async function importKey({ bytes }: RingKey) {
    const derived = await deriveKey(bytes, 'sealing');
    return crypto.subtle.importKey('raw', derived, 'AES-GCM', false, ['encrypt', 'decrypt']);
  }

  function openKey(key: RingKey) {
    const opened = imported.get(key) ?? importKey(key);
    imported.set(key, opened);
    return opened;
  }

  return {
    async seal(purpose, text) {
      const iv = random(new Uint8Array(IV_BYTES));
      const additionalData = encoder.encode(purpose);
      const sealed = await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv, additionalData },
        await openKey(keys[0]),
        encoder.encode(text),
      );
      return `${await keys[0].id()}:${toHex(iv)}.${toHex(new Uint8Array(sealed))}`;
    },
    async open(purpose, sealed) {
      const [iv = '', text = ''] = splitKeyId(sealed).rest.split('.');
      const algorithm = { name: 'AES-GCM', iv: fromHex(iv), additionalData: encoder.encode(purpose) };
      // Every key is tried, whatever the text names, so that the time reveals nothing of what is stored.
      const opening = keys.map(async (key) => crypto.subtle.decrypt(algorithm, await openKey(key), fromHex(text)));
      const opened = (await Promise.allSettled(opening)).find((result) => result.status === 'fulfilled');
      if (opened === undefined) throw new Error('it was not sealed with this key for this purpose, or was changed');
      return new TextDecoder().decode(opened.value);
    },
  };
}
