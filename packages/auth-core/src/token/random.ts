/** Fills the array with unpredictable random bytes, and returns it. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** The platform's source of randomness (Web Cryptography API). */
export const systemRandom: RandomBytes = (bytes) => crypto.getRandomValues(bytes);

/** The alphabet of most ids and secrets: 62 characters, close to 6 bits each. */
export const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Draws `length` characters, each equally likely. Bytes that would favour some of the characters are discarded instead
 * of being reduced modulo the alphabet's length.
 */
export function drawCharacters(alphabet: string, length: number, random: RandomBytes): string {
  const fair = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of random(new Uint8Array(length))) {
      if (byte < fair && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
