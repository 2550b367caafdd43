import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Middleware } from 'koa';
import { ServerError } from '../../contracts/server-error.ts';

export interface CheckOriginOptions {
  /** Names, beside this machine's own, under which the server is reached, e.g. `llm.example.com`. */
  readonly allowedHosts: readonly string[];
  /** Web pages that may use the API from a browser, e.g. `https://chat.example.com`. */
  readonly allowedOrigins: readonly string[];
}

const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/;

/**
 * Refuses requests for a foreign Host, which is what DNS rebinding makes of a browser, and from foreign web pages.
 * An address is nobody's foreign name: rebinding needs a name.
 */
export function checkOrigin({ allowedHosts, allowedOrigins }: CheckOriginOptions): Middleware {
  const machine = hostname().toLowerCase();
  const hosts = new Set(['localhost', machine, `${machine}.local`, ...allowedHosts.map((host) => host.toLowerCase())]);
  const origins = new Set(allowedOrigins);

  return async function checkOriginMiddleware(ctx, next) {
    const { host, origin } = ctx.req.headers;
    const [, address, name] = HOST.exec(host ?? '') ?? [];
    const known =
      address === undefined
        ? name !== undefined && (isIP(name) !== 0 || hosts.has(name.toLowerCase()))
        : isIP(address) === 6;
    if (!known) {
      throw new ServerError(
        'ORIGIN_DENIED',
        'The Host header names no host of this server. Its operator can add names under allowedHosts.',
        { param: 'Host' },
      );
    }
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
      if (!origins.has(origin)) {
        throw new ServerError(
          'ORIGIN_DENIED',
          'This server does not answer web pages of other origins. Its operator can add some under allowedOrigins.',
          { param: 'Origin' },
        );
      }
      ctx.set({
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': 'RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id',
        Vary: 'Origin',
      });
      if (ctx.method === 'OPTIONS') {
        ctx.set({
          'Access-Control-Allow-Methods': 'GET, POST, PATCH, DELETE',
          'Access-Control-Allow-Headers':
            'Authorization, Content-Type, Latchkey-Project, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, X-Api-Key',
          'Access-Control-Max-Age': '600',
        });
        ctx.status = 204;
        return;
      }
    }
    await next();
  };
}
