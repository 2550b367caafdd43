import { authenticate } from './client-identity.ts';
import type { LoginDocument } from './login-document.ts';
import type { OAuthRequests } from './oauth-requests.ts';

/**
 * Revokes tokens at the authorization server (RFC 7009). The refresh token first: most end the access token with it.
 * A server that cannot be reached changes nothing: the tokens are forgotten here.
 */
export async function revokeTokens(
  { revocationEndpoint, client, refresh, access }: LoginDocument,
  requests: OAuthRequests,
  signal: AbortSignal,
): Promise<void> {
  if (revocationEndpoint === undefined) return;
  const tokens = [
    ...(refresh === undefined ? [] : [{ token: refresh, token_type_hint: 'refresh_token' }]),
    { token: access, token_type_hint: 'access_token' },
  ];
  for (const form of tokens) {
    try {
      const what = 'the revocation endpoint';
      await requests.post(requests.check(revocationEndpoint, what), what, authenticate(client, form), signal);
    } catch {
      return;
    }
  }
}
