import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { hostPattern, type NamePattern, originPattern } from '../../config/name-patterns.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { Reply } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Step } from '../step.ts';

export interface CheckOriginOptions {
  /** Host names of the server besides this machine's own, e.g. `llm.example.com` or `*.example.com`. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may use the API, e.g. `https://chat.example.com` or `http://localhost:*`. */
  readonly allowedOrigins: readonly string[];
}

const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/;
/**
 * Names that resolve to this machine and that no attacker can register: `localhost`, its subdomains, and container
 * hosts.
 */
const OWN_NAMES = ['localhost', '*.localhost', 'host.docker.internal', 'host.containers.internal'];
/** Load balancers request these by HTTP/1.0 without a Host header; the answers are the same for every caller. */
const HEALTH_CHECKS = new Set(['/health', '/live', '/ready']);
const EXPOSED =
  'Idempotent-Replayed, Latchkey-Ignored, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id';
const METHODS = 'GET, POST, PATCH, DELETE';
const HEADERS =
  'Authorization, Content-Type, Idempotency-Key, Latchkey-Project, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, X-Api-Key';
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const MOST_HEADERS = 64;

/**
 * Refuses requests for a foreign Host, which DNS rebinding makes browsers send, and requests from foreign web pages. IP
 * addresses are accepted, since rebinding needs a name.
 */
export function checkOrigin({ allowedHosts, allowedOrigins }: CheckOriginOptions): Step {
  const machine = hostname().toLowerCase();
  const isHost = anyOf([...OWN_NAMES, machine, `${machine}.local`, ...allowedHosts], hostPattern);
  const isOrigin = anyOf(allowedOrigins, originPattern);

  return async (context, next) => {
    requireOneHost(context);
    const [host, origin] = [context.get('host'), context.get('origin')];
    if (host === undefined && HEALTH_CHECKS.has(context.path)) return next();
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
      Object.assign(context.replyHeaders, {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': EXPOSED,
        Vary: 'Origin',
      });
      if (context.method === 'OPTIONS') return answerPreflight(context);
    }
    return next();
  };
}

/** An invalid pattern matches nothing; the configuration rejects it earlier. */
function anyOf(patterns: readonly string[], read: (pattern: string) => NamePattern | undefined): NamePattern {
  const known = patterns.map(read).filter((pattern) => pattern !== undefined);
  return (name) => known.some((pattern) => pattern(name));
}

/** RFC 9112 section 3.2: two Host lines, or a request target that names another host, are invalid. */
function requireOneHost({ header, targetHost }: RequestContext): void {
  const hosts = header('host');
  if (hosts.length < 2 && (targetHost === undefined || targetHost.toLowerCase() === hosts[0]?.toLowerCase())) return;
  throw new ServerError(
    'INVALID_REQUEST',
    'A request names one host: in one Host header, and the same in its target.',
    {
      param: 'Host',
    },
  );
}

/** Allows the requested headers: a client may send any header, and none of them grants access. */
function answerPreflight(context: RequestContext): Reply {
  const { replyHeaders } = context;
  const asked = (context.get('access-control-request-headers') ?? '').slice(0, 8192).split(',', MOST_HEADERS);
  const names = asked.map((name) => name.trim()).filter((name) => HEADER_NAME.test(name));
  Object.assign(replyHeaders, {
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Allow-Headers': names.length === 0 ? HEADERS : names.join(', '),
    'Access-Control-Max-Age': '600',
    Vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network',
  });
  if (context.get('access-control-request-private-network') === 'true') {
    replyHeaders['Access-Control-Allow-Private-Network'] = 'true';
  }
  return { status: 204 };
}
