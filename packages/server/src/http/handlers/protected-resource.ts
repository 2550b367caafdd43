import { ServerError } from '../../contracts/server-error.ts';
import type { Handler } from '../route.ts';

/** Where clients that know OAuth learn who hands out tokens for `/mcp`. */
export const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource/mcp';

/** `GET /.well-known/oauth-protected-resource/mcp` (RFC 9728); not there when no authorization server is configured. */
export const createProtectedResourceHandler =
  (publicUrl: string | undefined, authorizationServers: readonly string[]): Handler =>
  async (ctx) => {
    if (publicUrl === undefined || authorizationServers.length === 0) {
      throw new ServerError('NOT_FOUND', 'This server has no authorization servers: /mcp takes its own tokens alone.');
    }
    ctx.body = {
      resource: new URL('/mcp', publicUrl).href,
      resource_name: 'Latchkey',
      authorization_servers: authorizationServers,
      bearer_methods_supported: ['header'],
    };
  };
