import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { challenge } from '../src/http/index.ts';
import {
  AuthError,
  ConflictError,
  GrantNotCoveredError,
  InvalidGrantError,
  InvalidInputError,
  InvalidTokenError,
  isAuthError,
  LimitExceededError,
  PermissionDeniedError,
  StoreUnavailableError,
  TokenNotFoundError,
} from '../src/index.ts';

const DENIED = {
  allowed: false,
  grant: 2,
  source: 'token a',
  rule: 'models',
  reason: 'model x is not granted',
} as const;

describe('an error', () => {
  it.each([
    [new InvalidTokenError('AUTH_TOKEN_EXPIRED'), 'InvalidTokenError', 'AUTH_TOKEN_EXPIRED', {}],
    [new PermissionDeniedError(DENIED), 'PermissionDeniedError', 'AUTH_PERMISSION_DENIED', { decision: DENIED }],
    [new InvalidGrantError('models[0]', 'is empty'), 'InvalidGrantError', 'AUTH_GRANT_INVALID', { path: 'models[0]' }],
    [new InvalidInputError('name', 'is empty'), 'InvalidInputError', 'AUTH_INPUT_INVALID', { path: 'name' }],
    [new GrantNotCoveredError('models'), 'GrantNotCoveredError', 'AUTH_GRANT_NOT_COVERED', { reason: 'models' }],
    [new TokenNotFoundError(), 'TokenNotFoundError', 'AUTH_TOKEN_NOT_FOUND', {}],
    [new ConflictError(), 'ConflictError', 'AUTH_CONFLICT', {}],
    [
      new LimitExceededError('tokensPerDay', 'token a', 60),
      'LimitExceededError',
      'AUTH_LIMIT_EXCEEDED',
      { limit: 'tokensPerDay', source: 'token a', retryAfterSeconds: 60 },
    ],
    [new StoreUnavailableError('cause'), 'StoreUnavailableError', 'AUTH_STORE_UNAVAILABLE', { cause: 'cause' }],
  ])('%s is an AuthError with its name, its code and its evidence', (error, name, code, evidence) => {
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ name, code, ...evidence });
  });

  it('says what was wrong, where, and what to do', () => {
    expect(new PermissionDeniedError(DENIED).message).toBe(
      'Permission denied by grant #2 (token a): model x is not granted.',
    );
    expect(new InvalidGrantError('models[0]', 'is empty').message).toBe('models[0] is empty.');
    expect(new LimitExceededError('tokensPerDay', 'token a', 60).message).toBe(
      'The limit tokensPerDay of token a leaves no room for this request. Try again in 60 seconds.',
    );
    expect(new LimitExceededError('concurrentRequests', 'token a', 1).message).toContain('in 1 second.');
    expect(new InvalidGrantError('', 'is no object').message).toBe('The grant is no object.');
    expect(new InvalidTokenError('AUTH_TOKEN_MISSING').message).toContain('Authorization: Bearer TOKEN');
  });
});

describe('isAuthError', () => {
  it('knows errors of another copy of the package, which are of other classes', async () => {
    vi.resetModules();
    const copy = await import('../src/index.ts');
    const error = new copy.LimitExceededError('requestsPerMinute', 'token a', 7);
    expect(error).not.toBeInstanceOf(AuthError);
    expect(isAuthError(error)).toBe(true);
    expect(copy.isAuthError(new TokenNotFoundError())).toBe(true);
    expect(challenge(error)).toMatchObject({ status: 429, headers: { 'Retry-After': '7' } });
  });

  it('knows errors of another realm', () => {
    const code = `
      class Copy extends Error {
        get [Symbol.for('auth-core error')]() { return true; }
      }
      new Copy('x')`;
    const foreign: unknown = runInNewContext(code);
    expect(foreign).not.toBeInstanceOf(Error);
    expect(isAuthError(foreign)).toBe(true);
  });

  it.each([
    undefined,
    null,
    'AUTH_TOKEN_MISSING',
    401,
    new Error('x'),
    { code: 'AUTH_TOKEN_MISSING' },
    () => undefined,
  ])('knows that %s is not one', (value) => {
    expect(isAuthError(value)).toBe(false);
    // What comes from JSON cannot claim to be one.
    expect(isAuthError(JSON.parse(JSON.stringify({ value, code: 'AUTH_TOKEN_MISSING' })))).toBe(false);
  });
});
