import { commitmentOf } from './attenuation-key.ts';
import { type HmacKey, hmac, importHmacKey } from './hmac.ts';
import type { TokenKind, TokenParts } from './token-format.ts';

/** Makes and compares keyed digests of tokens. Only digests are ever stored. */
export interface Digest {
  /** The id of a token whose text names none: 16 characters of a digest that has no other use. */
  idOf(kind: TokenKind, secret: string): Promise<string>;
  /** The same id, computed from only the commitment to the token's text, as an attenuated token contains it. */
  idOfCommitment(kind: TokenKind, commitment: string): Promise<string>;
  /** The digest of a token, as 64 hexadecimal digits. It binds the secret to the kind and the id. */
  of(kind: TokenKind, parts: TokenParts): Promise<string>;
  /** Whether the digest is the token's, in a time that does not depend on where they differ. */
  matches(kind: TokenKind, parts: TokenParts, digest: string): Promise<boolean>;
}

const KEY_BYTES = 32;
const ID_DIGITS = 16;

/**
 * Creates digests with HMAC-SHA-256 (RFC 2104) through WebCrypto. Keep the key outside the database: without it, stolen
 * digests are useless, and guesses cannot be checked against them.
 *
 * @throws {TypeError} when the key has fewer than 32 bytes
 */
export function createDigest(key: Uint8Array): Digest {
  if (!(key instanceof Uint8Array)) {
    throw new TypeError(`digestKey must be a Uint8Array of at least ${KEY_BYTES} random bytes, and no text`);
  }
  if (key.length < KEY_BYTES) throw new TypeError(`digestKey must have at least ${KEY_BYTES} bytes`);
  const bytes = Uint8Array.from(key);
  let imported: Promise<HmacKey> | undefined;

  function compute(kind: TokenKind, { id, secret }: TokenParts): Promise<string> {
    return sign(`${kind}:${id}:${secret}`);
  }

  async function sign(text: string): Promise<string> {
    imported ??= importHmacKey(bytes);
    return hmac(await imported, text);
  }

  async function idOfCommitment(kind: TokenKind, commitment: string): Promise<string> {
    // No kind begins with `id of`, so the digest of a token reveals nothing about an id.
    return (await sign(`id of ${kind}:${commitment}`)).slice(0, ID_DIGITS);
  }

  return {
    idOf: async (kind, secret) => idOfCommitment(kind, await commitmentOf(secret)),
    idOfCommitment,
    of: compute,
    async matches(kind, parts, digest) {
      return constantTimeEqual(await compute(kind, parts), digest);
    },
  };
}

/** Compares two texts without stopping at the first difference. The time reveals at most their lengths. */
export function constantTimeEqual(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) {
    difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  }
  return difference === 0;
}
