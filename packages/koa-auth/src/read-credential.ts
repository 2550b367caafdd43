import type { IncomingMessage } from 'node:http';
import { InvalidTokenError } from '@latchkey/auth-core';

/** The longest credential that is looked at, in characters. */
const MAXIMUM_LENGTH = 8192;
const BEARER = /^bearer(?: +|$)/i;
const VISIBLE = /^[\x21-\x7e]+$/;

/**
 * Reads the one token that a request presents, as `Authorization: Bearer TOKEN` (RFC 6750 2.1; the scheme in any
 * case) or as `x-api-key: TOKEN`. Another scheme is no credential here, so undefined is returned for it.
 *
 * @throws {AuthError} `AUTH_TOKEN_MALFORMED` when a header comes twice, is too long or empty, or when the two disagree
 */
export function readCredential(request: Pick<IncomingMessage, 'headersDistinct'>): string | undefined {
  const authorization = readOnce(request.headersDistinct.authorization);
  const apiKey = readOnce(request.headersDistinct['x-api-key']);
  const scheme = authorization === undefined ? undefined : BEARER.exec(authorization)?.[0];
  const bearer = scheme === undefined ? undefined : authorization?.slice(scheme.length);
  const credential = bearer ?? apiKey;
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) refuse();
  if (credential !== undefined && !VISIBLE.test(credential)) refuse();
  return credential;
}

function readOnce(values: readonly string[] = []): string | undefined {
  const [value] = values;
  if (values.length > 1 || (value !== undefined && value.length > MAXIMUM_LENGTH)) refuse();
  return value;
}

function refuse(): never {
  throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
}
