import { TamperedLogError } from './audit/tampered-log-error.ts';
import type { DeniedDecision } from './authority/decision.ts';
import { describeDenial } from './authority/describe-denial.ts';
import type { TokenKind } from './token/token-format.ts';

/**
 * Every code that an {@link AuthError} can have. They are API: scripts and clients switch on them.
 *
 * | code | raised when |
 * |---|---|
 * | `AUTH_TOKEN_MISSING` | no token was presented |
 * | `AUTH_TOKEN_MALFORMED` | the presented text does not have the shape of a token |
 * | `AUTH_TOKEN_UNKNOWN` | there is no such token, or its secret is wrong; the error does not say which |
 * | `AUTH_TOKEN_EXPIRED` | the token has expired |
 * | `AUTH_TOKEN_NOT_YET_VALID` | the token's time has not begun; for token formats that carry their own beginning |
 * | `AUTH_TOKEN_REVOKED` | the token, or one that it was derived from, was revoked |
 * | `AUTH_TOKEN_ROTATED` | the token got a new secret, and this one has expired |
 * | `AUTH_TOKEN_WRONG_AUDIENCE` | the token was made for another server |
 * | `AUTH_TOKEN_KIND_DISABLED` | tokens of this kind are switched off here |
 * | `AUTH_PERMISSION_DENIED` | a grant does not allow the request; `decision` says which and why |
 * | `AUTH_GRANT_INVALID` | a grant is not what it must be; `path` says where |
 * | `AUTH_INPUT_INVALID` | an input other than a grant is not what it must be, such as a name or an expiry; `path` names it |
 * | `AUTH_GRANT_NOT_COVERED` | a token would be given more than its maker may do; `reason` says what |
 * | `AUTH_TOKEN_NOT_FOUND` | there is no token with this id that the caller may see |
 * | `AUTH_CONFLICT` | the token was changed in the meantime, or its state does not allow the change; the message says which |
 * | `AUTH_LIMIT_EXCEEDED` | a grant's limit is used up; `limit` says which, `retryAfterSeconds` for how long |
 * | `AUTH_AUDIT_UNAVAILABLE` | the audit log takes no entry, so that nothing is administered; the message says why |
 * | `AUTH_STORE_UNAVAILABLE` | the store did not answer; all requests are refused until it does |
 */
export const AUTH_ERROR_CODES = [
  'AUTH_TOKEN_MISSING',
  'AUTH_TOKEN_MALFORMED',
  'AUTH_TOKEN_UNKNOWN',
  'AUTH_TOKEN_EXPIRED',
  'AUTH_TOKEN_NOT_YET_VALID',
  'AUTH_TOKEN_REVOKED',
  'AUTH_TOKEN_ROTATED',
  'AUTH_TOKEN_WRONG_AUDIENCE',
  'AUTH_TOKEN_KIND_DISABLED',
  'AUTH_PERMISSION_DENIED',
  'AUTH_GRANT_INVALID',
  'AUTH_INPUT_INVALID',
  'AUTH_GRANT_NOT_COVERED',
  'AUTH_TOKEN_NOT_FOUND',
  'AUTH_CONFLICT',
  'AUTH_LIMIT_EXCEEDED',
  'AUTH_AUDIT_UNAVAILABLE',
  'AUTH_STORE_UNAVAILABLE',
] as const;

/** One of {@link AUTH_ERROR_CODES}. */
export type AuthErrorCode = (typeof AUTH_ERROR_CODES)[number];

/** The codes for a token that is not accepted; the reaction is to present another one. */
export type TokenRefusal = Extract<
  AuthErrorCode,
  | 'AUTH_TOKEN_MISSING'
  | 'AUTH_TOKEN_MALFORMED'
  | 'AUTH_TOKEN_UNKNOWN'
  | 'AUTH_TOKEN_EXPIRED'
  | 'AUTH_TOKEN_NOT_YET_VALID'
  | 'AUTH_TOKEN_REVOKED'
  | 'AUTH_TOKEN_ROTATED'
  | 'AUTH_TOKEN_WRONG_AUDIENCE'
  | 'AUTH_TOKEN_KIND_DISABLED'
>;

/** The same in every copy of this package, and in every realm. */
const BRAND = Symbol.for('auth-core error');

/**
 * What every refusal and failure of this package is. `code` is for programs; `message` is safe to show to the
 * caller and never holds a secret or an argument; `cause`, where there is one, is for the log only. {@link isAuthError}
 * recognizes it also where a program has two copies of this package.
 *
 * @example
 * ```ts
 * import { isAuthError } from '@latchkey/auth-core';
 *
 * export function toStatus(error: unknown): number {
 *   if (!isAuthError(error)) return 500;
 *   return error.code === 'AUTH_PERMISSION_DENIED' ? 403 : 401;
 * }
 * ```
 */
export class AuthError extends Error {
  override name = 'AuthError';
  /** What happened; see {@link AUTH_ERROR_CODES}. */
  readonly code: AuthErrorCode;

  constructor(code: AuthErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

// Not a declared member: the types of two copies would differ by it.
(AuthError.prototype as object as { [BRAND]: true })[BRAND] = true;

/**
 * Whether this is an {@link AuthError}, of this copy of the package or of another one: two versions in one program, an
 * ES module beside a copy in a bundle, another realm. `instanceof` knows only its own class; `code` says which it is.
 *
 * @example
 * ```ts
 * import { InvalidTokenError, isAuthError } from '@latchkey/auth-core';
 *
 * console.log(isAuthError(new InvalidTokenError('AUTH_TOKEN_MISSING')), isAuthError(new Error('AUTH_TOKEN_MISSING'))); // true false
 * ```
 */
export function isAuthError(error: unknown): error is AuthError {
  return (error as { readonly [BRAND]?: unknown } | null | undefined)?.[BRAND] === true;
}

/** Whether this is an error with a code, of whatever copy of the package, as with {@link isAuthError}. */
export function hasCode(error: unknown, code: AuthErrorCode): error is AuthError {
  return isAuthError(error) && error.code === code;
}

/** Whether a store did not answer. */
export function isStoreFailure(error: unknown): boolean {
  return hasCode(error, 'AUTH_STORE_UNAVAILABLE');
}

const REFUSALS: Readonly<Record<TokenRefusal, string>> = {
  AUTH_TOKEN_MISSING: 'A token is required and none was sent. Send it as "Authorization: Bearer TOKEN".',
  AUTH_TOKEN_MALFORMED: 'What was sent is not a token. Check that it was copied whole and sent once.',
  AUTH_TOKEN_UNKNOWN: 'The token is not valid. Check it, or ask the operator for another one.',
  AUTH_TOKEN_EXPIRED: 'The token has expired. Ask the operator for another one.',
  AUTH_TOKEN_NOT_YET_VALID: 'The token is not valid yet. Try again when its time has begun.',
  AUTH_TOKEN_REVOKED: 'The token, or a token that it was made of, was revoked. Ask the operator for another one.',
  AUTH_TOKEN_ROTATED: 'The token was replaced by a new one. Use that.',
  AUTH_TOKEN_WRONG_AUDIENCE: 'The token was made for another server. Ask for one that names this server as audience.',
  AUTH_TOKEN_KIND_DISABLED:
    'Tokens of this kind are switched off on this server. Ask the operator for another kind of token.',
};

/** Whether a presented token was refused, by this copy of the package or by another one. */
export function isTokenRefusal(error: unknown): error is InvalidTokenError {
  return isAuthError(error) && Object.hasOwn(REFUSALS, error.code);
}

/** What else is to be done with a token of one kind: its holder gets another one by itself, or it is named. */
const OF_KIND: Readonly<Partial<Record<TokenRefusal, Readonly<Partial<Record<TokenKind, string>>>>>> = {
  AUTH_TOKEN_EXPIRED: {
    access: 'The access token has expired. Fetch the next one with the token that it was made of.',
    attenuated: 'The attenuated token has expired. Make another one of the token that it was made of.',
    'personal-access':
      'The personal access token has expired. Ask the operator for another one, and rotate it in time.',
  },
  AUTH_TOKEN_REVOKED: {
    access: 'The access token, or a token that it was made of, was revoked. Use another token.',
    attenuated: 'The attenuated token, or a token that it was made of, was revoked. Use another token.',
  },
  AUTH_TOKEN_ROTATED: {
    attenuated: 'The token that this one was made of was replaced by a new one. Make another one of that.',
  },
  AUTH_TOKEN_WRONG_AUDIENCE: {
    'place-bound': 'The token works in the path of its client only.',
  },
  AUTH_TOKEN_KIND_DISABLED: {
    'api-key': 'API keys are switched off on this server. Ask the operator for another kind of token.',
    custom: 'Custom keys are switched off on this server. Ask the operator for another kind of token.',
    'personal-access':
      'Personal access tokens are switched off on this server. Ask the operator for another kind of token.',
    legacy: 'Legacy tokens are switched off on this server. Ask the operator for another kind of token.',
    access: 'Access tokens are switched off on this server. Send the token that it was made of instead.',
    attenuated: 'Attenuated tokens are switched off on this server. Ask the operator for a token of your own.',
  },
};

/** The presented token will not do. Reaction: present another one. */
export class InvalidTokenError extends AuthError {
  override name = 'InvalidTokenError';
  declare readonly code: TokenRefusal;

  /** `kind`, where the presented text has shown it, decides the words. */
  constructor(code: TokenRefusal, options: ErrorOptions & { readonly kind?: TokenKind } = {}) {
    const { kind, ...rest } = options;
    super(code, (kind === undefined ? undefined : OF_KIND[code]?.[kind]) ?? REFUSALS[code], rest);
  }
}

/** A grant does not allow the request. Reaction: ask for less, or for a token that may do more. */
export class PermissionDeniedError extends AuthError {
  override name = 'PermissionDeniedError';
  declare readonly code: 'AUTH_PERMISSION_DENIED';
  /** Which grant denied, by which rule, and why. */
  readonly decision: DeniedDecision;

  constructor(decision: DeniedDecision) {
    super('AUTH_PERMISSION_DENIED', `Permission denied by ${describeDenial(decision)}.`);
    this.decision = decision;
  }
}

/** An input is not what it must be: a name, an expiry, an option. Reaction: correct it at `path`. */
export class InvalidInputError extends AuthError {
  override name = 'InvalidInputError';
  declare readonly code: 'AUTH_INPUT_INVALID';
  /** The name of the input, e.g. `expiresAt`. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super('AUTH_INPUT_INVALID', `${path} ${problem}.`);
    this.path = path;
  }
}

/** A grant is not what it must be. Reaction: correct it at `path`. */
export class InvalidGrantError extends AuthError {
  override name = 'InvalidGrantError';
  declare readonly code: 'AUTH_GRANT_INVALID';
  /**
   * Where it is wrong, e.g. `jobs["day/reports"].tools.write_file.arguments.content.maxLength`; empty for the whole.
   */
  readonly path: string;

  constructor(path: string, problem: string) {
    super('AUTH_GRANT_INVALID', path === '' ? `The grant ${problem}.` : `${path} ${problem}.`);
    this.path = path;
  }
}

/** A token would be given more than its maker may do. Reaction: give it less. */
export class GrantNotCoveredError extends AuthError {
  override name = 'GrantNotCoveredError';
  declare readonly code: 'AUTH_GRANT_NOT_COVERED';
  /** What goes beyond the maker's own authority. */
  readonly reason: string;

  constructor(reason: string) {
    super('AUTH_GRANT_NOT_COVERED', `A token cannot give more than it has: ${reason}.`);
    this.reason = reason;
  }
}

/** There is no token with this id that the caller may see. The error does not reveal whether the token exists. */
export class TokenNotFoundError extends AuthError {
  override name = 'TokenNotFoundError';
  declare readonly code: 'AUTH_TOKEN_NOT_FOUND';

  constructor() {
    super('AUTH_TOKEN_NOT_FOUND', 'There is no token with this id among those that you may manage.');
  }
}

/**
 * The token was changed in the meantime, or is in a state that does not allow the change. Reaction: read it again, and
 * repeat the change if it still makes sense; the message says what is in the way.
 */
export class ConflictError extends AuthError {
  override name = 'ConflictError';
  declare readonly code: 'AUTH_CONFLICT';

  constructor(
    message = 'The token was changed by another request in the meantime. Read it again and repeat the change.',
  ) {
    super('AUTH_CONFLICT', message);
  }
}

/** A grant's limit is used up. Reaction: wait `retryAfterSeconds`, or ask for more. */
export class LimitExceededError extends AuthError {
  override name = 'LimitExceededError';
  declare readonly code: 'AUTH_LIMIT_EXCEEDED';
  readonly limit: string;
  /** Whose limit it is: `server policy`, `token ci-bot`. */
  readonly source: string;
  /** The place of the rule that has the limit, where it is not one of the whole grant. */
  readonly rule?: string;
  /** When to try again, in whole seconds from now, at least 1. */
  readonly retryAfterSeconds: number;

  constructor(limit: string, source: string, retryAfterSeconds: number, rule?: string) {
    const seconds = retryAfterSeconds === 1 ? 'second' : 'seconds';
    super(
      'AUTH_LIMIT_EXCEEDED',
      `The limit ${limit} of ${source}${rule === undefined ? '' : ` for ${rule}`} leaves no room for this request. ` +
        `Try again in ${retryAfterSeconds} ${seconds}.`,
    );
    this.limit = limit;
    this.source = source;
    this.retryAfterSeconds = retryAfterSeconds;
    if (rule !== undefined) this.rule = rule;
  }
}

/**
 * The audit log accepts no entry, so actions that it must record are refused. Reaction: the operator checks the audit
 * log, and `cause` in the log of the server. Trying again alone does not help.
 */
export class AuditUnavailableError extends AuthError {
  override name = 'AuditUnavailableError';
  declare readonly code: 'AUTH_AUDIT_UNAVAILABLE';

  /** Whether the log is there and is not as it was last written. */
  readonly isTampered: boolean;

  constructor(cause: unknown) {
    const isTampered = cause instanceof TamperedLogError;
    super('AUTH_AUDIT_UNAVAILABLE', `${NO_ENTRY}${isTampered ? `: ${cause.message}.` : LOG_FAILS}`, { cause });
    this.isTampered = isTampered;
  }
}

const NO_ENTRY = 'The audit log takes no entries, and nothing is done without its entry';
const LOG_FAILS = ". The server's own log says why.";

/** The store did not answer, so nothing is allowed. Reaction: try again later; `cause` is for the log. */
export class StoreUnavailableError extends AuthError {
  override name = 'StoreUnavailableError';
  declare readonly code: 'AUTH_STORE_UNAVAILABLE';

  constructor(cause: unknown, message = lacksTables(cause) ? NOT_MIGRATED : NO_ANSWER) {
    super('AUTH_STORE_UNAVAILABLE', message, { cause });
  }
}

const NO_ANSWER = 'The store of tokens and limits does not answer. Try again in a moment.';
const NOT_MIGRATED =
  "The store of tokens and limits has no tables yet, or old ones. Run migrate(database, tokenMigrations, 'token_migrations') of " +
  '@latchkey/auth-core/stores/kysely before it is used.';

/** The messages of SQLite and PostgreSQL for a table or a column that no migration has created. */
function lacksTables(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    /^no such (?:table|column)|has no column named|^(?:relation|column) "?[\w."]{1,200} does not exist/.test(
      cause.message,
    )
  );
}
