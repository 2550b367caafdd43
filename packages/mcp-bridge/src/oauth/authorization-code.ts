import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { OAuthClient } from './client-identity.ts';
import type { AuthorizationServer } from './discovery.ts';
import { LoginError, refused } from './login-error.ts';

/** What has to be known again when the browser comes back. */
export interface CodeAttempt {
  readonly state: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

export interface AuthorizationRequest {
  readonly server: AuthorizationServer;
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly scope: string | undefined;
  readonly resource: string | undefined;
}

/**
 * Makes the URL for a person's browser, with a fresh state and a fresh PKCE verifier.
 *
 * @throws LoginError `refused` for a server without PKCE: a code that was stolen on its way would be enough
 */
export function startAuthorization({ server, client, redirectUri, scope, resource }: AuthorizationRequest): {
  readonly url: string;
  readonly attempt: CodeAttempt;
} {
  if (server.authorizationEndpoint === undefined) throw refused('its authorization server has no page to sign in at');
  if (!server.hasPkce) throw refused('its authorization server does not say that it checks PKCE (S256)');
  const attempt = { state: secret(), verifier: secret(), redirectUri };
  const url = new URL(server.authorizationEndpoint);
  const parameters = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
    state: attempt.state,
    code_challenge: createHash('sha256').update(attempt.verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(scope === undefined ? {} : { scope }),
    ...(resource === undefined ? {} : { resource }),
    // Without it, OpenID Connect gives no refresh token.
    ...(scope?.split(' ').includes('offline_access') ? { prompt: 'consent' } : {}),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, attempt };
}

/**
 * Reads the code from the answer: the URL that the browser was sent to, or its query. The state is compared first, then
 * the issuer, before any other part is looked at.
 *
 * @throws LoginError `invalid` when it is of another attempt; `refused` when it names another issuer, or no code
 */
export function readAnswer(
  answer: string,
  { state }: CodeAttempt,
  { issuer, namesItself }: Pick<AuthorizationServer, 'issuer' | 'namesItself'>,
): string {
  const query = readQuery(answer);
  const repeated = ['state', 'iss', 'code', 'error'].some((name) => query.getAll(name).length > 1);
  const given = query.get('state');
  if (repeated || given === null || !isEqual(given, state)) {
    throw new LoginError('invalid', 'this is not the answer to this login: give the whole URL that the browser shows');
  }
  const named = query.get('iss');
  if (named === null ? namesItself : named !== issuer) {
    throw refused('the answer comes from another authorization server than the one that was asked');
  }
  if (query.get('error') !== null) {
    throw refused(
      query.get('error') === 'access_denied' ? 'the login was refused' : 'the authorization server reported an error',
    );
  }
  const code = query.get('code');
  if (code === null || code === '') throw refused('the answer has no code');
  return code;
}

function readQuery(answer: string): URLSearchParams {
  const text = answer.trim();
  const url = URL.parse(text);
  return url === null ? new URLSearchParams(text.replace(/^[?#]/, '')) : url.searchParams;
}

const secret = (): string => randomBytes(32).toString('base64url');

function isEqual(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
