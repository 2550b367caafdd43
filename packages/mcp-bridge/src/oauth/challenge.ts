import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';
import type { Challenge } from './discovery.ts';

/** Why a server refused a request, by its `WWW-Authenticate` (RFC 6750); undefined when it asks for no bearer token. */
export function readChallenge(response: Response): (Challenge & { readonly error?: string }) | undefined {
  const header = response.headers.get('www-authenticate') ?? '';
  if (header.length > 8192 || !/(^|,)\s*bearer\b/i.test(header)) return undefined;
  // Other schemes may come first.
  const own = header.slice(header.search(/\bbearer\b/i)).replace(/^bearer(?![ ])/i, 'Bearer ');
  const { resourceMetadataUrl, scope, error } = extractWWWAuthenticateParams(
    new Response(null, { headers: { 'www-authenticate': own } }),
  );
  return {
    ...(resourceMetadataUrl === undefined ? {} : { metadataUrl: resourceMetadataUrl.href }),
    ...(scope === undefined || !/^[\x20-\x7e]{1,2048}$/.test(scope) ? {} : { scope }),
    ...(error === undefined ? {} : { error }),
  };
}
