import { describe, expect, it } from 'vitest';
import {
  AuthError,
  ConflictError,
  GrantNotCoveredError,
  InvalidGrantError,
  InvalidInputError,
  InvalidTokenError,
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
