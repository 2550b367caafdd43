import * as openid from 'openid-client';
import type { Claims } from './person.ts';

/** What the provider says of itself is read again after this time. */
const KEPT_MILLISECONDS = 3_600_000;
const TIMEOUT_SECONDS = 10;
const MOST_BYTES = 1_048_576;
const MOST_AT_ONCE = 16;

/** The secrets of a sign-in that is under way; its browser keeps them, encrypted, until it comes back. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** What was proved about a person. */
export interface ProvenPerson {
  readonly subject: string;
  readonly claims: Claims;
}

/** Why a sign-in failed, in the words that the console has for it. */
export type SignInFailure = 'refused' | 'unreachable' | 'invalid' | 'busy';

/** A sign-in that came to nothing. `detail` is for the log. */
export class SignInError extends Error {
  override readonly name = 'SignInError';
  readonly failure: SignInFailure;

  constructor(failure: SignInFailure, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.failure = failure;
  }
}

export interface ProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined;
  readonly scopes: readonly string[];
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string;
  /** A claim that is asked for at the UserInfo endpoint when the ID token does not have it. */
  readonly groupsClaim: string;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: () => Date;
}

/**
 * A provider of OpenID Connect, by the authorization code flow with PKCE, `state` and `nonce`. The ID token is checked
 * whole, with its signature (OpenID Connect Core 1.0, section 3.1.3.7).
 */
export interface Provider {
  /** The secrets of a new sign-in, and the URL to send its browser to. @throws {SignInError} */
  begin(): Promise<{ readonly pending: PendingSignIn; readonly url: string }>;
  /** Who has signed in, from the query with which the browser came back. @throws {SignInError} */
  finish(query: string, pending: PendingSignIn): Promise<ProvenPerson>;
}

export function createProvider(options: ProviderOptions): Provider {
  const { issuer, clientId, clientSecret, redirectUri, groupsClaim, clock } = options;
  let known: { readonly configuration: Promise<openid.Configuration>; readonly until: number } | undefined;
  let running = 0;

  async function discover(): Promise<openid.Configuration> {
    return openid.discovery(new URL(issuer), clientId, undefined, chooseMethod(clientSecret), {
      timeout: TIMEOUT_SECONDS,
      [openid.customFetch]: boundedFetch(options.fetch),
      execute: [
        openid.enableNonRepudiationChecks,
        ...(new URL(issuer).protocol === 'http:' ? [openid.allowInsecureRequests] : []),
      ],
    });
  }

  function configure(): Promise<openid.Configuration> {
    const now = clock().getTime();
    if (known !== undefined && known.until > now) return known.configuration;
    const configuration = discover();
    const mine = { configuration, until: now + KEPT_MILLISECONDS };
    known = mine;
    // A provider that does not answer now is asked again by the next sign-in.
    configuration.catch(() => {
      if (known === mine) known = undefined;
    });
    return configuration;
  }

  /** Each sign-in may cost requests to the provider, and a caller without a token can begin one. */
  async function within<T>(work: () => Promise<T>): Promise<T> {
    if (running >= MOST_AT_ONCE) throw new SignInError('busy', 'too many sign-ins are under way');
    running += 1;
    try {
      return await work();
    } catch (error) {
      throw toSignInError(error);
    } finally {
      running -= 1;
    }
  }

  /** The claims, with those of the UserInfo endpoint where the ID token has no groups or no e-mail address. */
  async function completeClaims(
    configuration: openid.Configuration,
    tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers,
    claims: openid.IDToken,
  ): Promise<Claims> {
    const isComplete = Object.hasOwn(claims, groupsClaim) && Object.hasOwn(claims, 'email');
    if (isComplete || configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
    const more = await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    return { ...more, ...claims };
  }

  return {
    begin: () =>
      within(async () => {
        const configuration = await configure();
        const pending = {
          state: openid.randomState(),
          nonce: openid.randomNonce(),
          verifier: openid.randomPKCECodeVerifier(),
        };
        const url = openid.buildAuthorizationUrl(configuration, {
          redirect_uri: redirectUri,
          scope: options.scopes.join(' '),
          response_type: 'code',
          state: pending.state,
          nonce: pending.nonce,
          code_challenge: await openid.calculatePKCECodeChallenge(pending.verifier),
          code_challenge_method: 'S256',
        });
        return { pending, url: url.href };
      }),
    finish: (query, { state, nonce, verifier }) =>
      within(async () => {
        const configuration = await configure();
        const back = new URL(redirectUri);
        back.search = query;
        const tokens = await openid.authorizationCodeGrant(configuration, back, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (claims === undefined) throw new SignInError('invalid', 'the provider gave no ID token');
        return { subject: claims.sub, claims: await completeClaims(configuration, tokens, claims) };
      }),
  };
}

/** As the provider says that it takes a secret; one that says nothing takes HTTP Basic (OpenID Connect Discovery 1.0). */
function chooseMethod(secret: string | undefined): openid.ClientAuth {
  if (secret === undefined) return openid.None();
  const [basic, post] = [openid.ClientSecretBasic(secret), openid.ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const method = methods.includes('client_secret_basic') ? basic : post;
    return method(server, client, body, headers);
  };
}

/** No answer of a provider is longer than a mebibyte, and none leads to another address. */
const boundedFetch =
  (fetch: typeof globalThis.fetch): openid.CustomFetch =>
  async (url, init) => {
    const { body, status, statusText, headers } = await fetch(url, { ...init, redirect: 'manual' } as RequestInit);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of body ?? []) {
      bytes += piece.length;
      if (bytes > MOST_BYTES) throw new SignInError('invalid', `an answer has more than ${MOST_BYTES} bytes`);
      pieces.push(piece);
    }
    const isEmpty = status === 204 || status === 205 || status === 304;
    return new Response(isEmpty ? null : Buffer.concat(pieces), { status, statusText, headers });
  };

/** Codes of an answer that the provider, or the person there, has refused. */
const REFUSED = new Set(['access_denied', 'login_required', 'consent_required', 'interaction_required']);

function toSignInError(error: unknown): SignInError {
  if (error instanceof SignInError) return error;
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const options = { cause: error };
  if (error instanceof openid.AuthorizationResponseError) {
    return new SignInError(
      REFUSED.has(error.error) ? 'refused' : 'invalid',
      `the provider answers ${error.error}`,
      options,
    );
  }
  if (cause instanceof SignInError) return cause;
  const code = error instanceof openid.ClientError ? error.code : undefined;
  const isAway = error instanceof TypeError || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT';
  return new SignInError(
    isAway ? 'unreachable' : 'invalid',
    code === undefined ? message : `${message} (${code})`,
    options,
  );
}
