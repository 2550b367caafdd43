import { errors, type JWTHeaderParameters, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import { InvalidTokenError, isAuthError } from '../errors.ts';
import { isJsonObject } from '../schema/json-value.ts';
import { fromBase64url, fromBase64urlJson } from '../token/base64url.ts';
import { type AccessTokenContent, readContent } from './access-token-claims.ts';
import { SIGNING_ALGORITHMS } from './signing-key.ts';

/** The `typ` of an access token (RFC 9068 section 2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** The longest access token, in characters: what fits into a header with room to spare. */
export const MAXIMUM_ACCESS_TOKEN_LENGTH = 8000;

/** What an access token is proved with. */
export interface AccessTokenProof {
  /** Finds the key. It rejects with an `AuthError` where there is none. */
  readonly getKey: JWTVerifyGetKey;
  readonly issuer: string;
  /** The names of which the token's `aud` must contain one; absent: any audience is accepted. */
  readonly audience?: readonly string[];
  readonly now: Date;
  /** How far the clock may differ from the issuer's, for each of the times. */
  readonly clockToleranceMilliseconds?: number;
  /** The vocabulary for the grants that the token carries. */
  readonly vocabulary: VocabularyParts;
}

const SHAPE = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
/** How far the issuer's clock may be ahead in any case. There is no such tolerance for the expiry. */
const SKEW_MILLISECONDS = 60_000;

/** Whether a text is a JWT that calls itself an access token. Computes nothing, and never throws. */
export function looksLikeAccessToken(text: string): boolean {
  return readHeader(text)?.typ === ACCESS_TOKEN_TYPE;
}

/**
 * Proves an access token after RFC 9068 section 4 and RFC 8725: few algorithms, a key of the issuer's by its id, the
 * type, issuer, audience and time.
 *
 * @throws {AuthError} `AUTH_TOKEN_MALFORMED`, `AUTH_TOKEN_UNKNOWN`, `AUTH_TOKEN_EXPIRED`, `AUTH_TOKEN_NOT_YET_VALID`,
 * `AUTH_TOKEN_WRONG_AUDIENCE`, and what `getKey` rejects with
 */
export async function proveAccessToken(text: string, proof: AccessTokenProof): Promise<AccessTokenContent> {
  if (!isPlainHeader(readHeader(text))) throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
  const claims = await verify(text, proof);
  const { now, vocabulary, clockToleranceMilliseconds = 0 } = proof;
  const skew = Math.max(SKEW_MILLISECONDS, clockToleranceMilliseconds);
  // Parsers differ in which of two claims with the same name they use (RFC 8725 section 2.4).
  if (!isWrittenOnce(text.split('.')[1] ?? '', claims)) throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
  if (typeof claims.iat !== 'number' || claims.iat * 1000 > now.getTime() + skew) {
    throw new InvalidTokenError('AUTH_TOKEN_NOT_YET_VALID');
  }
  return readContent(claims, vocabulary);
}

async function verify(text: string, proof: AccessTokenProof): Promise<JWTPayload> {
  const { getKey, issuer, audience, now, clockToleranceMilliseconds = 0 } = proof;
  try {
    const { payload } = await jwtVerify(text, getKey, {
      algorithms: [...SIGNING_ALGORITHMS],
      typ: ACCESS_TOKEN_TYPE,
      issuer,
      ...(audience !== undefined && { audience: [...audience] }),
      currentDate: now,
      clockTolerance: clockToleranceMilliseconds / 1000,
      requiredClaims: ['iss', 'aud', 'exp', 'iat'],
    });
    return payload;
  } catch (cause) {
    throw isAuthError(cause) ? cause : new InvalidTokenError(codeOf(cause), { cause });
  }
}

function codeOf(cause: unknown) {
  if (cause instanceof errors.JWTExpired) return 'AUTH_TOKEN_EXPIRED';
  if (cause instanceof errors.JWTClaimValidationFailed && cause.reason === 'check_failed') {
    if (cause.claim === 'aud') return 'AUTH_TOKEN_WRONG_AUDIENCE';
    if (cause.claim === 'nbf') return 'AUTH_TOKEN_NOT_YET_VALID';
  }
  return 'AUTH_TOKEN_UNKNOWN';
}

/** The protected header of a text that is a JWT by its looks. */
function readHeader(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.length > MAXIMUM_ACCESS_TOKEN_LENGTH) return undefined;
  const [, header = '', payload = '', signature = ''] = SHAPE.exec(text) ?? [];
  if (header === '' || fromBase64url(payload) === undefined || fromBase64url(signature) === undefined) return undefined;
  const fields = fromBase64urlJson(header);
  return isJsonObject(fields) && isWrittenOnce(header, fields) ? fields : undefined;
}

/** Whether the header has only the fields that we write: no `crit`, no embedded key, no key URL. */
function isPlainHeader(header: Readonly<Record<string, unknown>> | undefined): header is JWTHeaderParameters {
  return (
    header !== undefined && Object.keys(header).sort().join(' ') === 'alg kid typ' && typeof header.kid === 'string'
  );
}

/** Whether a part of the token is written as `JSON.stringify` writes its value: no name twice, no blanks. */
function isWrittenOnce(part: string, value: object): boolean {
  const bytes = fromBase64url(part);
  return bytes !== undefined && new TextDecoder().decode(bytes) === JSON.stringify(value);
}
