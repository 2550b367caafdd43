import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Context, Middleware } from 'koa';
import { hostPattern, type NamePattern, originPattern } from '../../config/name-patterns.ts';
import { ServerError } from '../../contracts/server-error.ts';

export interface CheckOriginOptions {
  /** Names, beside this machine's own, under which the server is reached, e.g. `llm.example.com` or `*.example.com`. */
  readonly allowedHosts: readonly string[];
  /** Web pages that may use the API from a browser, e.g. `https://chat.example.com` or `http://localhost:*`. */
  readonly allowedOrigins: readonly string[];
}

const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/;
/** Names that lead to this machine and that no stranger can have: `localhost` and all below it, and the host of a container. */
const OWN_NAMES = ['localhost', '*.localhost', 'host.docker.internal', 'host.containers.internal'];
/** Balancers ask these by HTTP/1.0 without a Host; they say the same to everybody. */
const HEALTH_CHECKS = new Set(['/health', '/live', '/ready']);
const EXPOSED =
  'Idempotent-Replayed, Latchkey-Ignored, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id';
const METHODS = 'GET, POST, PATCH, DELETE';
const HEADERS =
  'Authorization, Content-Type, Idempotency-Key, Latchkey-Project, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, X-Api-Key';
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const MOST_HEADERS = 64;

/**
 * Refuses requests for a foreign Host, which is what DNS rebinding makes of a browser, and from foreign web pages.
 * An address is no foreign name: rebinding needs a name.
 */
export function checkOrigin({ allowedHosts, allowedOrigins }: CheckOriginOptions): Middleware {
  const machine = hostname().toLowerCase();
  const isHost = anyOf([...OWN_NAMES, machine, `${machine}.local`, ...allowedHosts], hostPattern);
  const isOrigin = anyOf(allowedOrigins, originPattern);

  return async function checkOriginMiddleware(ctx, next) {
    requireOneHost(ctx);
    const { host, origin } = ctx.req.headers;
    if (host === undefined && HEALTH_CHECKS.has(ctx.path)) return next();
    const [, address, name] = HOST.exec(host ?? '') ?? [];
    const known =
      address === undefined ? name !== undefined && (isIP(name) !== 0 || isHost(name)) : isIP(address) === 6;
    if (!known) {
      throw new ServerError(
        'ORIGIN_DENIED',
        'The Host header names no host of this server. Its operator can add names under allowedHosts.',
        { param: 'Host' },
      );
    }
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
      if (!isOrigin(origin)) {
        throw new ServerError(
          'ORIGIN_DENIED',
          'This server does not answer web pages of other origins. Its operator can add some under allowedOrigins.',
          { param: 'Origin' },
        );
      }
      ctx.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED, Vary: 'Origin' });
      if (ctx.method === 'OPTIONS') {
        answerPreflight(ctx);
        return;
      }
    }
    await next();
  };
}

/** What is no pattern matches nothing; the configuration has refused it before. */
function anyOf(patterns: readonly string[], read: (pattern: string) => NamePattern | undefined): NamePattern {
  const known = patterns.map(read).filter((pattern) => pattern !== undefined);
  return (name) => known.some((pattern) => pattern(name));
}

/** RFC 9112 section 3.2: two Host lines, or a target that names another host, are what is meant for nobody. */
function requireOneHost({ req }: Context): void {
  const hosts = req.headersDistinct.host ?? [];
  const target = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(req.url?.slice(0, 1024) ?? '')?.[1];
  if (hosts.length < 2 && (target === undefined || target.toLowerCase() === hosts[0]?.toLowerCase())) return;
  throw new ServerError(
    'INVALID_REQUEST',
    'A request names one host: in one Host header, and the same in its target.',
    {
      param: 'Host',
    },
  );
}

/** Allows what was asked for: which headers a client sends is its own affair, and none of them opens anything. */
function answerPreflight(ctx: Context): void {
  const asked = ctx.get('Access-Control-Request-Headers').slice(0, 8192).split(',', MOST_HEADERS);
  const names = asked.map((name) => name.trim()).filter((name) => HEADER_NAME.test(name));
  ctx.set({
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Allow-Headers': names.length === 0 ? HEADERS : names.join(', '),
    'Access-Control-Max-Age': '600',
    Vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network',
  });
  if (ctx.get('Access-Control-Request-Private-Network') === 'true') {
    ctx.set('Access-Control-Allow-Private-Network', 'true');
  }
  ctx.status = 204;
}
