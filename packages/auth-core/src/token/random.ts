/** Fills the array with random bytes that nobody can foresee, and returns it. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** The platform's own source of randomness (Web Cryptography API). */
export const systemRandom: RandomBytes = (bytes) => crypto.getRandomValues(bytes);

/** What most ids and secrets are drawn from: 62 characters, close to 6 bits each. */
export const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Draws so many characters, each equally likely. Bytes that would favour some of the characters are thrown away
 * instead of being folded over.
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
