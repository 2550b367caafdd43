import { inspectToken, type Principal } from '@latchkey/auth-core';
import { scopeOf } from '@latchkey/auth-core/jwt';
import { llm } from '@latchkey/auth-core/llm';

/** The answer for a valid token (RFC 7662 section 2.2). */
export interface Introspection {
  readonly active: true;
  readonly token_type: 'Bearer';
  /** The owner. */
  readonly sub: string;
  readonly username: string;
  /** The id of the stored token that this token is or was derived from. */
  readonly client_id: string;
  readonly jti: string;
  /** The actions that every grant in its authority allows. */
  readonly scope: string;
  readonly exp?: number;
  readonly iat?: number;
  readonly iss?: string;
  readonly aud?: string | readonly string[];
}

/** Renders what a resource server needs to know of a verified token. */
export function renderIntrospection(principal: Principal, token: string): Introspection {
  const { id, owner, tokenId, expiresAt, authority } = principal;
  const { claims = {} } = inspectToken(token, llm);
  const { iat, iss, aud } = claims;
  return {
    active: true,
    token_type: 'Bearer',
    sub: owner,
    username: owner,
    client_id: tokenId,
    jti: id,
    scope: scopeOf(authority).join(' '),
    ...(expiresAt !== undefined && { exp: Math.floor(Date.parse(expiresAt) / 1000) }),
    ...(typeof iat === 'number' && { iat }),
    ...(typeof iss === 'string' && { iss }),
    ...((typeof aud === 'string' || Array.isArray(aud)) && { aud: aud as string | string[] }),
  };
}
