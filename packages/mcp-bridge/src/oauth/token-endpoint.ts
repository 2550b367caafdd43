import { z } from 'zod';
import { authenticate, type OAuthClient } from './client-identity.ts';
import { LoginError, refused } from './login-error.ts';
import type { OAuthRequests } from './oauth-requests.ts';

/** What a token endpoint gave. */
export interface Tokens {
  readonly access: string;
  readonly refresh?: string;
  /** The scopes that were granted. */
  readonly scope?: string;
  /** Milliseconds from now. Absent: it does not say. */
  readonly lifetimeMs?: number;
}

/** The endpoint refused. `error` is one of OAuth's own words, or `other`. */
export class TokenRefusal extends LoginError {
  readonly error: string;

  constructor(error: string, status: number) {
    super('refused', `its authorization server gave no token (${error}, HTTP ${status})`);
    this.error = error;
  }
}

// A token is sent as a header, so nothing else than its characters may be in it (RFC 6750, 2.1).
const token = z
  .string()
  .regex(/^[\x21-\x7e]+$/)
  .max(65_536);
const tokensSchema = z.object({
  access_token: token,
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce.number().nonnegative().max(1e9).nullish().catch(undefined),
  refresh_token: token.nullish(),
  scope: z.string().max(8192).nullish(),
});

const knownErrors: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'access_denied',
  'authorization_pending',
  'slow_down',
  'expired_token',
]);

/** The error of an answer, as one of OAuth's words. The text of the other side is not quoted. */
export function errorOf(body: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const error = body?.error;
  if (error === undefined) return undefined;
  return typeof error === 'string' && knownErrors.has(error) ? error : 'other';
}

/**
 * Asks a token endpoint.
 *
 * @throws TokenRefusal when it refuses; LoginError when it does not answer, or answers with something else
 */
export async function requestTokens(
  endpoint: string,
  client: OAuthClient,
  form: Record<string, string>,
  requests: OAuthRequests,
  signal: AbortSignal,
): Promise<Tokens> {
  const what = 'the token endpoint';
  const { status, body } = await requests.post(
    requests.check(endpoint, what),
    what,
    authenticate(client, form),
    signal,
  );
  // Some report errors with a status of success.
  const error = errorOf(body);
  if (error !== undefined) throw new TokenRefusal(error, status);
  if (status >= 500 || status === 429) throw new LoginError('unavailable', `${what} is not available (HTTP ${status})`);
  const read = tokensSchema.safeParse(body);
  if (status !== 200 || !read.success) {
    if (status >= 400) throw new TokenRefusal('other', status);
    throw refused(`${what} answers with something that is no bearer token`);
  }
  const { access_token: access, expires_in, refresh_token, scope } = read.data;
  return {
    access,
    ...(refresh_token == null ? {} : { refresh: refresh_token }),
    ...(scope == null ? {} : { scope }),
    ...(expires_in == null ? {} : { lifetimeMs: expires_in * 1000 }),
  };
}
