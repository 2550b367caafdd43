import { removeHidden } from '@latchkey/mcp-bridge/visible-text';
import { OAuthError } from './oauth-error.ts';
import { kindOfRedirect } from './redirect-uri.ts';

/** A client, as it describes itself. */
export interface OAuthClient {
  readonly id: string;
  /** What it calls itself, unchecked. */
  readonly name: string;
  /** The host that its description came from, which is where its id is; absent for a client that registered itself. */
  readonly host?: string;
  readonly redirectUris: readonly string[];
}

/** More redirect URIs than this are no client of one program. */
const MOST_REDIRECTS = 32;
const NAME_CHARACTERS = 60;

type Metadata = Readonly<Record<string, unknown>>;

/**
 * Reads the metadata of a client (RFC 7591 section 2) as far as it counts here: its name and its redirect URIs. It must
 * be a public client that uses codes.
 *
 * @throws {OAuthError} `invalid_redirect_uri`, `invalid_client_metadata`
 */
export function readClientMetadata(
  metadata: Metadata,
  mostRedirects: number = MOST_REDIRECTS,
): Pick<OAuthClient, 'name' | 'redirectUris'> {
  const { redirect_uris: uris, client_name: name } = metadata;
  if (!Array.isArray(uris) || uris.length === 0 || uris.length > mostRedirects) {
    throw new OAuthError('invalid_redirect_uri', `redirect_uris must be a list of 1 to ${mostRedirects} URLs.`);
  }
  const redirectUris = uris.map((uri: unknown) => {
    if (typeof uri === 'string' && kindOfRedirect(uri) !== undefined) return uri;
    throw new OAuthError(
      'invalid_redirect_uri',
      'Each of redirect_uris must be https, http on 127.0.0.1, [::1] or localhost, or the scheme of an app, without a fragment.',
    );
  });
  for (const [field, needed] of [
    ['grant_types', 'authorization_code'],
    ['response_types', 'code'],
  ] as const) {
    const value = metadata[field];
    if (value !== undefined && !(Array.isArray(value) && value.includes(needed))) {
      throw new OAuthError('invalid_client_metadata', `${field} must contain ${needed}.`);
    }
  }
  const readable = typeof name === 'string' ? removeHidden(name).replace(/\s+/g, ' ').trim() : '';
  return { name: [...readable].slice(0, NAME_CHARACTERS).join('') || 'a client without a name', redirectUris };
}
