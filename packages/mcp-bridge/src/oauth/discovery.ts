import { buildDiscoveryUrls } from '@modelcontextprotocol/client';
import { z } from 'zod';
import type { LoginSettings } from '../config/read-login.ts';
import { LoginError, refused } from './login-error.ts';
import type { OAuthRequests } from './oauth-requests.ts';

/** What a server said when it refused a request without a token (RFC 6750, RFC 9728). */
export interface Challenge {
  readonly metadataUrl?: string;
  readonly scope?: string;
}

/** An authorization server, as far as it is used. Its URLs have been checked. */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly authorizationEndpoint?: string;
  readonly registrationEndpoint?: string;
  readonly revocationEndpoint?: string;
  readonly deviceEndpoint?: string;
  /** Whether it says that it checks PKCE with S256. Without that, no code is asked for. */
  readonly hasPkce: boolean;
  /** Whether each of its answers to a browser names it (RFC 9207). */
  readonly namesItself: boolean;
  readonly takesMetadataDocuments: boolean;
  readonly authMethods: readonly string[];
  readonly scopes: readonly string[];
}

export interface Discovered {
  readonly server: AuthorizationServer;
  /** The resource that tokens are asked for (RFC 8707). Absent: the server publishes no metadata of its own. */
  readonly resource?: string;
  /** The scopes that the resource itself names. */
  readonly scopes: readonly string[];
}

const texts = z.array(z.string().max(2048)).max(256);
const resourceSchema = z.object({
  resource: z.string().max(2048),
  authorization_servers: texts.optional().catch(undefined),
  scopes_supported: texts.optional().catch(undefined),
});
const serverSchema = z.object({
  issuer: z.string().max(2048),
  authorization_endpoint: z.string().optional(),
  token_endpoint: z.string(),
  registration_endpoint: z.string().optional(),
  revocation_endpoint: z.string().optional(),
  device_authorization_endpoint: z.string().optional(),
  code_challenge_methods_supported: texts.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  client_id_metadata_document_supported: z.boolean().optional(),
  token_endpoint_auth_methods_supported: texts.optional(),
  scopes_supported: texts.optional().catch(undefined),
});

/**
 * Finds the authorization server of an MCP server: by the metadata of the resource (RFC 9728), or else, as in 2025-03-26,
 * at the origin of the server; then its own metadata (RFC 8414, OpenID Connect), which must name the issuer that was
 * asked for.
 *
 * @throws LoginError
 */
export async function discover(
  serverUrl: URL,
  challenge: Challenge,
  settings: Pick<LoginSettings, 'issuer'>,
  requests: OAuthRequests,
  signal: AbortSignal,
): Promise<Discovered> {
  const resource = await findResource(serverUrl, challenge, requests, signal);
  const issuer = chooseIssuer(serverUrl, resource?.authorization_servers ?? [], settings.issuer);
  const server = await readServer(issuer, requests, signal);
  return {
    server,
    ...(resource === undefined ? {} : { resource: resource.resource }),
    scopes: resource?.scopes_supported ?? [],
  };
}

type ResourceMetadata = z.output<typeof resourceSchema>;

async function findResource(
  serverUrl: URL,
  { metadataUrl }: Challenge,
  requests: OAuthRequests,
  signal: AbortSignal,
): Promise<ResourceMetadata | undefined> {
  const what = 'the metadata of the server';
  const path = serverUrl.pathname.replace(/\/$/, '');
  const wellKnown = ['/.well-known/oauth-protected-resource'];
  if (path !== '') wellKnown.unshift(`/.well-known/oauth-protected-resource${path}${serverUrl.search}`);
  const places = wellKnown.map((place) => new URL(place, serverUrl.origin));
  // A server speaks for its own origin only; a proxy before it may have changed what it believes that to be.
  const named = metadataUrl === undefined ? null : URL.parse(metadataUrl);
  if (named !== null && named.origin === serverUrl.origin) places.unshift(named);
  for (const place of places) {
    const { status, body } = await requests.get(place, what, signal);
    if (status >= 500) throw new LoginError('unavailable', `${what} is not available (HTTP ${status})`);
    const read = status === 200 ? resourceSchema.safeParse(body) : undefined;
    if (read === undefined) continue;
    if (!read.success) throw refused(`${what} is not what it must be`);
    if (!speaksFor(read.data.resource, serverUrl)) throw refused(`${what} is about another resource`);
    return read.data;
  }
  return undefined;
}

/** Whether a resource is this server, or a part of its origin that contains it. */
function speaksFor(resource: string, serverUrl: URL): boolean {
  const url = URL.parse(resource);
  if (url === null || url.origin !== serverUrl.origin) return false;
  const folder = (path: string): string => (path.endsWith('/') ? path : `${path}/`);
  return folder(serverUrl.pathname).startsWith(folder(url.pathname));
}

function chooseIssuer(serverUrl: URL, named: readonly string[], wanted: string | undefined): string {
  if (wanted === undefined) return named[0] ?? serverUrl.origin;
  if (named.length > 0 && !named.some((issuer) => isSame(issuer, wanted))) {
    throw refused('the server names another authorization server than the "issuer" of the mcp.json');
  }
  return named.find((issuer) => isSame(issuer, wanted)) ?? wanted;
}

/** The same issuer. Many write a slash at the end of a bare origin, and it means nothing there. */
const isSame = (one: string, other: string): boolean => one.replace(/\/$/, '') === other.replace(/\/$/, '');

async function readServer(issuer: string, requests: OAuthRequests, signal: AbortSignal): Promise<AuthorizationServer> {
  const what = 'the metadata of its authorization server';
  for (const { url } of buildDiscoveryUrls(requests.check(issuer, 'its authorization server'))) {
    const { status, body } = await requests.get(url, what, signal);
    if (status >= 500) throw new LoginError('unavailable', `${what} is not available (HTTP ${status})`);
    if (status !== 200) continue;
    const read = serverSchema.safeParse(body);
    if (!read.success) throw refused(`${what} is not what it must be`);
    if (!isSame(read.data.issuer, issuer)) throw refused(`${what} is that of another issuer`);
    return toServer(read.data, requests);
  }
  throw refused(`${what} cannot be found`);
}

function toServer(read: z.output<typeof serverSchema>, { check }: OAuthRequests): AuthorizationServer {
  const optional = <Name extends string>(name: Name, url: string | undefined): { readonly [Key in Name]?: string } =>
    (url === undefined ? {} : { [name]: check(url, `an endpoint of its authorization server`).href }) as never;
  return {
    issuer: read.issuer,
    tokenEndpoint: check(read.token_endpoint, 'the token endpoint').href,
    ...optional('authorizationEndpoint', read.authorization_endpoint),
    ...optional('registrationEndpoint', read.registration_endpoint),
    ...optional('revocationEndpoint', read.revocation_endpoint),
    ...optional('deviceEndpoint', read.device_authorization_endpoint),
    hasPkce: read.code_challenge_methods_supported?.includes('S256') === true,
    namesItself: read.authorization_response_iss_parameter_supported === true,
    takesMetadataDocuments: read.client_id_metadata_document_supported === true,
    authMethods: read.token_endpoint_auth_methods_supported ?? [],
    scopes: read.scopes_supported ?? [],
  };
}
