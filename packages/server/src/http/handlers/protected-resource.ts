import { belowPublicUrl } from '../../config/public-url.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { MCP_SCOPE } from '../mcp-only.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

/** Where OAuth clients find the authorization servers that issue tokens for `/mcp`. */
export const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource/mcp';

/** The same for clients that ask for the metadata of the whole server. */
export const SERVER_RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource';

/** `GET /.well-known/oauth-protected-resource/mcp` (RFC 9728), and the same without `/mcp`; 404 when no authorization server is configured. */
export const createProtectedResourceHandler =
  (publicUrl: string | undefined, authorizationServers: readonly string[]): Handler =>
  async () => {
    if (publicUrl === undefined || authorizationServers.length === 0) {
      throw new ServerError('NOT_FOUND', 'This server has no authorization servers: /mcp takes its own tokens alone.');
    }
    return json({
      resource: belowPublicUrl(publicUrl, '/mcp'),
      resource_name: 'Latchkey',
      authorization_servers: authorizationServers,
      bearer_methods_supported: ['header'],
      scopes_supported: [MCP_SCOPE],
    });
  };
