/** What an error may carry besides its code and its message. */
export interface LatchkeyErrorOptions extends ErrorOptions {
  readonly status?: number;
  readonly requestId?: string;
  readonly retryAfterSeconds?: number;
}

/**
 * The base class of all errors of this package. The message never contains a token and may be shown to people.
 *
 * | class | `code` |
 * |---|---|
 * | `AuthenticationError` | `no_token`, `invalid_token`, `expired_token` |
 * | `PermissionError` | the server's, mostly `permission_denied` |
 * | `RateLimitError` | the server's, e.g. `requests_per_minute_exceeded` |
 * | `ConnectionError` | `unreachable`, `name_not_found`, `tls_failed`, `bad_header`, `connection_cut`, `timed_out` |
 * | `ServerError` | the server's, e.g. `model_not_found`; `redirected`; `bad_answer` |
 * | `ConfigurationError` | `invalid_url`, `invalid_option`, `unknown_profile`, `wrong_server`, `invalid_profiles`, `unsafe_profiles`, `no_home` |
 *
 * @example
 * ```ts
 * import { createClient, LatchkeyError } from '@latchkey/client';
 *
 * try {
 *   await createClient().auth.whoami();
 * } catch (error) {
 *   if (!(error instanceof LatchkeyError)) throw error;
 *   console.error(error.message, error.code, error.requestId);
 * }
 * ```
 */
export class LatchkeyError extends Error {
  override name = 'LatchkeyError';
  /** For programs; it does not change between versions. */
  readonly code: string;
  /** The HTTP status, if a server has answered. */
  readonly status: number | undefined;
  /** The request's id in the server's log, if a server has answered. */
  readonly requestId: string | undefined;
  /** When to try again, in seconds from now, if the server has said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: string,
    message: string,
    { status, requestId, retryAfterSeconds, ...options }: LatchkeyErrorOptions = {},
  ) {
    super(message, options);
    this.retryAfterSeconds = retryAfterSeconds;
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}

/** Why a server could not authenticate the caller. */
export type AuthenticationErrorCode = 'no_token' | 'invalid_token' | 'expired_token';

/** No token was given, or the server does not accept it. Reaction: give another one. */
export class AuthenticationError extends LatchkeyError {
  override name = 'AuthenticationError';
  declare readonly code: AuthenticationErrorCode;

  constructor(code: AuthenticationErrorCode, message: string, options?: LatchkeyErrorOptions) {
    super(code, message, options);
  }
}

/** Which grant of a token's authority denied a request, and why. */
export interface Denial {
  /** The place of the grant in the authority, from 1. */
  readonly grant: number;
  /** Whose grant it is: `server policy`, `token ci-bot`. */
  readonly source: string;
  /** The field of the grant that denied, e.g. `models`. */
  readonly rule: string;
  readonly reason: string;
}

/** The token does not allow the request (HTTP 403). Reaction: ask for less, or for a token that may do more. */
export class PermissionError extends LatchkeyError {
  override name = 'PermissionError';
  /** The grant that denied; undefined when the server does not report it as data. The message says it in words. */
  readonly decision: Denial | undefined;

  constructor(code: string, message: string, options: LatchkeyErrorOptions & { readonly decision?: Denial } = {}) {
    const { decision, ...others } = options;
    super(code, message, others);
    this.decision = decision;
  }
}

/** A limit of the token is used up (HTTP 429). Reaction: wait `retryAfterSeconds`, or ask for more. */
export class RateLimitError extends LatchkeyError {
  override name = 'RateLimitError';
  /** The limit's name, e.g. `tokensPerDay`. */
  readonly limit: string | undefined;

  constructor(code: string, message: string, options: LatchkeyErrorOptions & { readonly limit?: string } = {}) {
    const { limit, ...others } = options;
    super(code, message, others);
    this.limit = limit;
  }
}

/** Why no answer arrived, or only a part of it. */
export type ConnectionErrorCode =
  | 'unreachable'
  | 'name_not_found'
  | 'tls_failed'
  | 'bad_header'
  | 'connection_cut'
  | 'timed_out';

/** No server answers at the URL, or its answer is cut. Reaction: start it, or correct the URL. */
export class ConnectionError extends LatchkeyError {
  override name = 'ConnectionError';
  declare readonly code: ConnectionErrorCode;
  /** The URL of the server. */
  readonly url: string;

  constructor(
    url: string,
    options: ErrorOptions & { readonly code?: ConnectionErrorCode; readonly message?: string } = {},
  ) {
    const { code = 'unreachable', message, ...others } = options;
    super(code, message ?? `No server answers at ${url}. Start it, or correct the URL.`, others);
    this.url = url;
  }
}

/** The server answered with any other error; `code` is the server's own. */
export class ServerError extends LatchkeyError {
  override name = 'ServerError';
  /** The parameter of the request that is at fault, e.g. `integrations[0].id`. */
  readonly param: string | undefined;

  constructor(code: string, message: string, options: LatchkeyErrorOptions & { readonly param?: string } = {}) {
    const { param, ...others } = options;
    super(code, message, others);
    this.param = param;
  }
}

/** An error in the configuration, found before anything was sent. */
export type ConfigurationErrorCode =
  | 'invalid_url'
  | 'invalid_option'
  | 'unknown_profile'
  | 'wrong_server'
  | 'invalid_profiles'
  | 'unsafe_profiles'
  | 'no_home';

/**
 * An option, an environment variable or the profiles file is invalid; the message says which one and how to fix it.
 */
export class ConfigurationError extends LatchkeyError {
  override name = 'ConfigurationError';
  declare readonly code: ConfigurationErrorCode;

  constructor(code: ConfigurationErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
