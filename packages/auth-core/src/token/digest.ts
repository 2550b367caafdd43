import { commitmentOf } from './attenuation-key.ts';
import { type HmacKey, hmac, importHmacKey } from './hmac.ts';
import { type KeyRing, type RingKeys, readKeyRing, splitKeyId } from './key-ring.ts';
import type { TokenKind, TokenParts } from './token-parts.ts';

/** Makes and compares keyed digests of tokens. Only digests are ever stored. */
export interface Digest {
  /** The id of a token whose text names none: 16 characters of a digest that has no other use. */
  idOf(kind: TokenKind, secret: string): Promise<string>;
  /** The same id, computed from only the commitment to the token's text, as an attenuated token contains it. */
  idOfCommitment(kind: TokenKind, commitment: string): Promise<string>;
  /** The digest of a token: the id of the present key, `:`, 64 hexadecimal digits. It binds the kind and the id. */
  of(kind: TokenKind, parts: TokenParts): Promise<string>;
  /** The digests that the token may be stored with, one for each key, that of the present key first. */
  candidates(kind: TokenKind, parts: TokenParts): Promise<readonly string[]>;
  /** Whether the digest is the token's, in a time that does not depend on where they differ. */
  matches(kind: TokenKind, parts: TokenParts, digest: string): Promise<boolean>;
}

const ID_DIGITS = 16;

/**
 * Creates digests with HMAC-SHA-256 (RFC 2104) through WebCrypto. Keep the keys outside the database: without them,
 * stolen digests are useless, and guesses cannot be checked against them.
 *
 * @throws {TypeError} when a key has fewer than 32 bytes, or there are more than four
 */
export function createDigest(key: KeyRing): Digest {
  const keys = readKeyRing(key);
  const oldest = keys.at(-1) ?? keys[0];
  return createRingDigest(keys, async () => oldest.bytes);
}

/**
 * Creates digests with the keys of a ring.
 *
 * @param openIdKey the key of the ids of tokens whose text names none; rejects when the ring is not the store's
 */
export function createRingDigest(
  keys: RingKeys,
  openIdKey: (toWrite: boolean) => Promise<Uint8Array<ArrayBuffer>>,
): Digest {
  const imported = keys.map(() => undefined as Promise<HmacKey> | undefined);

  async function digestWith(index: number, kind: TokenKind, { id, secret }: TokenParts): Promise<string> {
    const { bytes, id: keyId } = keys[index] ?? keys[0];
    imported[index] ??= importHmacKey(bytes);
    return `${await keyId()}:${await hmac(await imported[index], `${kind}:${id}:${secret}`)}`;
  }

  async function candidates(kind: TokenKind, parts: TokenParts): Promise<readonly string[]> {
    await openIdKey(false);
    return Promise.all(keys.map((_, index) => digestWith(index, kind, parts)));
  }

  async function idOfCommitment(kind: TokenKind, commitment: string): Promise<string> {
    const key = await importHmacKey(await openIdKey(false));
    // No kind begins with `id of`, so the digest of a token reveals nothing about an id.
    return (await hmac(key, `id of ${kind}:${commitment}`)).slice(0, ID_DIGITS);
  }

  return {
    idOf: async (kind, secret) => idOfCommitment(kind, await commitmentOf(secret)),
    idOfCommitment,
    async of(kind, parts) {
      await openIdKey(true);
      return digestWith(0, kind, parts);
    },
    candidates,
    matches: async (kind, parts, digest) => isOneOf(digest, await candidates(kind, parts)),
  };
}

/** Whether a stored digest is one of those that a token may be stored with. All of them are compared. */
export function isOneOf(stored: string, candidates: readonly string[]): boolean {
  const { keyId, rest } = splitKeyId(stored);
  const { keyId: digest = rest } = splitKeyId(rest);
  return candidates
    .map((candidate) => {
      const own = splitKeyId(candidate);
      return constantTimeEqual(own.rest, digest) && (keyId ?? own.keyId) === own.keyId;
    })
    .includes(true);
}

const NAME_DIGITS = 16;

/**
 * A name for a secret that distinguishes it from the secrets before and after it. It proves nothing, and is kept when
 * the digest is written again under another key.
 */
export function nameSecret({ digest }: { readonly digest: string }): string {
  return digest.slice(digest.lastIndexOf(':') + 1).slice(0, NAME_DIGITS);
}

/** The digest of the same secret under another key: it keeps the name that the secret has. */
export function renewDigest(before: string, digest: string): string {
  return `${digest}:${nameSecret({ digest: before })}`;
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
