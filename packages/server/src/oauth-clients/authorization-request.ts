import type { OAuthClient } from './client-metadata.ts';
import { OAuthError } from './oauth-error.ts';
import { isRedirectOf } from './redirect-uri.ts';

/** What a client asks for when it sends a person here (RFC 6749 section 4.1.1), checked. */
export interface AuthorizationRequest {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly state?: string;
}

/**
 * The parameters that count; others are ignored, as RFC 6749 section 3.1 wants. So is `scope`: there is one, and the
 * answer names it (section 3.3).
 */
export const AUTHORIZATION_PARAMETERS = [
  'response_type',
  'client_id',
  'redirect_uri',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
] as const;

/** The parameters of a request, as they were sent. */
export type AuthorizationParameters = Readonly<Record<string, string | readonly string[]>>;

export interface RequestRules {
  /** The URL of `/mcp`, which every token is for. */
  readonly resource: string;
  readonly findClient: (clientId: string) => Promise<OAuthClient>;
}

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const MOST_STATE = 4096;

/**
 * Checks a request. Who asks and where the answer would go come first: nothing is sent to a place that is not the
 * client's.
 *
 * @throws {OAuthError}
 */
export async function readAuthorizationRequest(
  parameters: AuthorizationParameters,
  { resource, findClient }: RequestRules,
): Promise<AuthorizationRequest> {
  const readOne = (name: (typeof AUTHORIZATION_PARAMETERS)[number]): string | undefined => {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (value !== undefined && typeof value !== 'string') {
      throw new OAuthError('invalid_request', `${name} is there more than once.`);
    }
    return value === '' ? undefined : value;
  };
  const client = await findClient(readOne('client_id') ?? '');
  const redirectUri = readOne('redirect_uri');
  if (redirectUri === undefined || !isRedirectOf(client.redirectUris, redirectUri)) {
    throw new OAuthError('invalid_request', "redirect_uri is not one of the client's.");
  }
  if (readOne('response_type') !== 'code') {
    throw new OAuthError('unsupported_response_type', 'response_type must be code.');
  }
  const challenge = readOne('code_challenge');
  // Without a method it would be "plain", which gives the verifier away.
  if (challenge === undefined || !CHALLENGE.test(challenge) || readOne('code_challenge_method') !== 'S256') {
    throw new OAuthError('invalid_request', 'code_challenge is needed, with code_challenge_method S256 (RFC 7636).');
  }
  const target = readOne('resource');
  if (target === undefined || !isResource(target, resource)) {
    throw new OAuthError('invalid_target', `resource must be ${resource} (RFC 8707).`);
  }
  const state = readOne('state');
  if (state !== undefined && state.length > MOST_STATE) throw new OAuthError('invalid_request', 'state is too long.');
  return { client, redirectUri, challenge, ...(state === undefined ? {} : { state }) };
}

/** Whether a URL names the resource: the same text, or the same one with its host in another spelling. */
export function isResource(asked: string, resource: string): boolean {
  if (asked === resource) return true;
  const url = asked.includes('#') ? null : URL.parse(asked);
  return url !== null && url.username === '' && url.password === '' && url.href === new URL(resource).href;
}
