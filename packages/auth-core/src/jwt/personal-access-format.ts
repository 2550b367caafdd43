import { SignJWT } from 'jose';
import { InvalidInputError } from '../errors.ts';
import { isJsonObject } from '../schema/json-value.ts';
import { fromBase64url, fromBase64urlJson } from '../token/base64url.ts';
import { deriveKey } from '../token/derive-key.ts';
import { ALPHANUMERIC, drawCharacters, type RandomBytes, systemRandom } from '../token/random.ts';
import type { StoredTokenFormat } from '../token/token-format.ts';

/** What {@link createPersonalAccessTokenFormat} works with. */
export interface PersonalAccessTokenOptions {
  /** At least 32 unpredictable bytes; the signing key is derived from them. */
  readonly key: Uint8Array;
  readonly random?: RandomBytes;
}

const ID_LENGTH = 12;
/** 22 characters of 62 are 130 bits. */
const NONCE_LENGTH = 22;
const JTI = new RegExp(`^([A-Za-z0-9]{${ID_LENGTH}})\\.[A-Za-z0-9]{${NONCE_LENGTH}}$`);

/** base64url of `{"alg":"HS256","typ":"JWT"}`: the one header that is written and read. */
const HEADER = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9';
/** base64url of the 32 bytes of HMAC-SHA-256. */
const SIGNATURE_LENGTH = 43;
const MAXIMUM_LENGTH = 2048;
const CLAIMS: ReadonlySet<string> = new Set(['token_type', 'exp', 'iat', 'jti', 'sub']);

/**
 * The personal access token: a JWT (RFC 7519) in the shape of Label Studio's refresh tokens, with the claims
 * `token_type` ("refresh"), `iat`, `jti`, `sub` (the owner) and, where it ends, `exp`, so that any JWT library can
 * read when. Its public id is the part of `jti` before the dot; a new secret keeps that.
 *
 * It is proved by the stored digest of the whole text, as with every stored kind. Its signature (HS256) is valid, so
 * that tools with the key can check it, but nothing here depends on it.
 *
 * @throws {TypeError} when the key has fewer than 32 bytes
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { createPersonalAccessTokenFormat } from '@latchkey/auth-core/jwt';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const formats = [createPersonalAccessTokenFormat({ key: digestKey })];
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey, formats });
 * const grant = { actions: ['usage:read'] } as const;
 * const { token } = await auth.issue({ name: 'laptop', kind: 'personal-access', grant }, auth.operator());
 * console.log(token.split('.').length); // 3
 * ```
 */
export function createPersonalAccessTokenFormat({
  key,
  random = systemRandom,
}: PersonalAccessTokenOptions): StoredTokenFormat {
  if (key.length < 32) throw new TypeError('key must have at least 32 bytes');
  let signingKey: ReturnType<typeof deriveKey> | undefined;

  return {
    type: 'stored',
    kind: 'personal-access',
    async mint({ id = drawCharacters(ALPHANUMERIC, ID_LENGTH, random), owner, issuedAt, expiresAt }) {
      signingKey ??= deriveKey(key, 'personal access tokens');
      const text = await new SignJWT({
        token_type: 'refresh',
        ...(expiresAt !== undefined && { exp: toSeconds(expiresAt) }),
        iat: toSeconds(issuedAt),
        jti: `${id}.${drawCharacters(ALPHANUMERIC, NONCE_LENGTH, random)}`,
        sub: owner,
      })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .sign(await signingKey);
      if (text.length > MAXIMUM_LENGTH) throw new InvalidInputError('owner', 'is too long for a personal access token');
      return { id, secret: text, text, stub: text.slice(0, text.lastIndexOf('.')) };
    },
    parse(text) {
      const id = hasSignature(text) ? readPersonalAccessTokenId(text) : undefined;
      return id === undefined ? undefined : { id, secret: text };
    },
  };
}

/**
 * Reads the public id from a personal access token or from its stub, which is the token without its signature;
 * undefined for any other text. The id proves nothing: the stub is shown in listings.
 *
 * @example
 * ```ts
 * import { readPersonalAccessTokenId } from '@latchkey/auth-core/jwt';
 *
 * console.log(readPersonalAccessTokenId('key_aB3dE5gH:aB3dE5gHaB3dE5gHaB3d')); // undefined
 * ```
 */
export function readPersonalAccessTokenId(text: string): string | undefined {
  if (text.length > MAXIMUM_LENGTH || !text.startsWith(`${HEADER}.`)) return undefined;
  const claims = fromBase64urlJson(
    hasSignature(text) ? text.slice(HEADER.length + 1, -SIGNATURE_LENGTH - 1) : text.slice(HEADER.length + 1),
  );
  if (!isJsonObject(claims) || !Object.keys(claims).every((name) => CLAIMS.has(name))) return undefined;
  const { token_type: type, exp, iat, jti, sub } = claims;
  if (type !== 'refresh' || !isSeconds(iat) || (exp !== undefined && !isSeconds(exp))) return undefined;
  if (typeof sub !== 'string' || sub === '' || typeof jti !== 'string') return undefined;
  return JTI.exec(jti)?.[1];
}

/** Whether a text ends like a JWT with a signature of HS256. The text before that is not checked. */
function hasSignature(text: string): boolean {
  const dot = text.length - SIGNATURE_LENGTH - 1;
  return dot > HEADER.length && text[dot] === '.' && fromBase64url(text.slice(dot + 1)) !== undefined;
}

function isSeconds(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A NumericDate (RFC 7519 section 2) that is never later than the time. */
function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
