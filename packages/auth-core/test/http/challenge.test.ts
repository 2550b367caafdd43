import { describe, expect, it } from 'vitest';
import { challenge } from '../../src/http/index.ts';
import {
  AUTH_ERROR_CODES,
  AuthError,
  type AuthErrorCode,
  InvalidTokenError,
  LimitExceededError,
} from '../../src/index.ts';

const STATUS: Record<AuthErrorCode, number> = {
  AUTH_TOKEN_MISSING: 401,
  AUTH_TOKEN_MALFORMED: 401,
  AUTH_TOKEN_UNKNOWN: 401,
  AUTH_TOKEN_EXPIRED: 401,
  AUTH_TOKEN_NOT_YET_VALID: 401,
  AUTH_TOKEN_REVOKED: 401,
  AUTH_TOKEN_ROTATED: 401,
  AUTH_TOKEN_WRONG_AUDIENCE: 401,
  AUTH_TOKEN_KIND_DISABLED: 401,
  AUTH_PERMISSION_DENIED: 403,
  AUTH_GRANT_INVALID: 400,
  AUTH_INPUT_INVALID: 400,
  AUTH_GRANT_NOT_COVERED: 403,
  AUTH_TOKEN_NOT_FOUND: 404,
  AUTH_CONFLICT: 409,
  AUTH_LIMIT_EXCEEDED: 429,
  AUTH_AUDIT_UNAVAILABLE: 503,
  AUTH_STORE_UNAVAILABLE: 503,
};

describe('challenge', () => {
  it.each(AUTH_ERROR_CODES)(
    'answers %s with its status, and says how to authenticate when that is the matter',
    (code) => {
      const { status, headers } = challenge(new AuthError(code, 'words'));
      expect(status).toBe(STATUS[code]);
      const challenged = status === 401 || code === 'AUTH_PERMISSION_DENIED';
      expect(Object.hasOwn(headers, 'WWW-Authenticate')).toBe(challenged);
    },
  );

  it('names the error only to those who sent credentials', () => {
    expect(challenge(new InvalidTokenError('AUTH_TOKEN_MISSING')).headers['WWW-Authenticate']).not.toContain('error');
    expect(challenge(new InvalidTokenError('AUTH_TOKEN_EXPIRED')).headers['WWW-Authenticate']).toBe(
      `Bearer realm="api", error="invalid_token", error_description="The token has expired. Ask the operator for another one."`,
    );
  });

  it('says when to try again where a limit is used up', () => {
    const { status, headers } = challenge(new LimitExceededError('tokensPerDay', 'token ci-bot', 3600));
    expect(status).toBe(429);
    expect(headers).toEqual({ 'Retry-After': '3600' });
  });

  it('says that nothing is left of a limit on requests', () => {
    const headersOf = (limit: 'requestsPerMinute' | 'concurrentRequests', seconds: number) =>
      challenge(new LimitExceededError(limit, 'token ci-bot', seconds)).headers;
    expect(headersOf('requestsPerMinute', 42)).toEqual({
      'Retry-After': '42',
      RateLimit: '"requestsPerMinute";r=0;t=42',
    });
    expect(headersOf('concurrentRequests', 1)).toEqual({ 'Retry-After': '1', RateLimit: '"concurrentRequests";r=0' });
  });

  it('lets no message leave its quotes or its line', () => {
    const error = new AuthError('AUTH_PERMISSION_DENIED', 'a "quote", a \\ and\r\nSet-Cookie: x=1 ☂');
    const header = challenge(error).headers['WWW-Authenticate'];
    expect(header).toBe(
      `Bearer realm="api", error="insufficient_scope", error_description="a 'quote', a ? and??Set-Cookie: x=1 ?"`,
    );
  });

  it('keeps the header short', () => {
    const error = new AuthError('AUTH_PERMISSION_DENIED', 'long '.repeat(1000));
    expect(challenge(error).headers['WWW-Authenticate']?.length).toBeLessThan(400);
  });

  it('offers Basic beside Bearer where Basic is taken, and names the error once', () => {
    const { headers } = challenge(new InvalidTokenError('AUTH_TOKEN_UNKNOWN'), { realm: 'my "server"', basic: true });
    expect(headers['WWW-Authenticate']).toEqual([
      expect.stringMatching(/^Bearer realm="my 'server'", error="invalid_token", error_description="/),
      `Basic realm="my 'server'", charset="UTF-8"`,
    ]);
  });

  it('asks nobody for another password when the token may not do enough', () => {
    const header = challenge(new AuthError('AUTH_PERMISSION_DENIED', 'words'), { basic: true }).headers[
      'WWW-Authenticate'
    ];
    expect(header).toBe('Bearer realm="api", error="insufficient_scope", error_description="words"');
  });

  it('names the realm that it is given', () => {
    const error = new InvalidTokenError('AUTH_TOKEN_MISSING');
    expect(challenge(error, { realm: 'my "server"' }).headers['WWW-Authenticate']).toBe(`Bearer realm="my 'server'"`);
  });
});
