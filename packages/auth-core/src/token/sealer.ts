import { deriveKey } from './derive-key.ts';
import { fromHex, toHex } from './hex.ts';
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
 * Creates a sealer with AES-256-GCM (NIST SP 800-38D) through WebCrypto; its key is derived from the one given.
 *
 * @example
 * ```ts
 * import { createSealer } from '@latchkey/auth-core';
 *
 * const sealer = createSealer(crypto.getRandomValues(new Uint8Array(32)));
 * const sealed = await sealer.seal('note 1', 'nobody reads this');
 * console.log(await sealer.open('note 1', sealed)); // nobody reads this
 * ```
 */
export function createSealer(key: Uint8Array, random: RandomBytes = systemRandom): Sealer {
  const encoder = new TextEncoder();
  let imported: ReturnType<typeof importKey> | undefined;

  async function importKey() {
    return crypto.subtle.importKey('raw', await deriveKey(key, 'sealing'), 'AES-GCM', false, ['encrypt', 'decrypt']);
  }

  async function openKey() {
    imported ??= importKey();
    return imported;
  }

  return {
    async seal(purpose, text) {
      const iv = random(new Uint8Array(IV_BYTES));
      const additionalData = encoder.encode(purpose);
      const sealed = await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv, additionalData },
        await openKey(),
        encoder.encode(text),
      );
      return `${toHex(iv)}.${toHex(new Uint8Array(sealed))}`;
    },
    async open(purpose, sealed) {
      const [iv = '', text = ''] = sealed.split('.');
      const additionalData = encoder.encode(purpose);
      const opened = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv: fromHex(iv), additionalData },
        await openKey(),
        fromHex(text),
      );
      return new TextDecoder().decode(opened);
    },
  };
}
