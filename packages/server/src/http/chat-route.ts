import type { ChatDialect } from '../contracts/chat-dialect.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { RouteBody } from './bodies.ts';
import type { Route } from './route.ts';
import type { Handler } from './step.ts';

/** A chat API: its path and its dialect. */
export interface ChatRoute {
  /** Without parameters: `/own/v1/chat`. */
  readonly path: string;
  readonly dialect: ChatDialect;
}

const PLAIN_PATH = /^(?:\/[A-Za-z0-9._~-]{1,128}){1,16}$/;

/**
 * The route of a chat API. All of them have the same access and idempotency rules. Throws ServerError
 * `INVALID_REQUEST`.
 */
export function chatRoute({ path, dialect }: ChatRoute, body: RouteBody, handler: Handler): Route {
  if (!PLAIN_PATH.test(path)) throw unusable(path, 'must be a path of letters, digits and . _ ~ - after each slash');
  return { method: 'POST', path, dialect, access: 'chat', body, runsLong: true, idempotency: 'kept', handler };
}

/** Throws ServerError `INVALID_REQUEST` when two routes have the same method and path: the second is unreachable. */
export function requireDistinct(routes: readonly Route[]): readonly Route[] {
  const seen = new Set<string>();
  for (const { method, path } of routes) {
    const place = `${method} ${path}`;
    if (seen.has(place)) throw unusable(path, `is taken: there is a ${method} at this path already`);
    seen.add(place);
  }
  return routes;
}

const unusable = (path: string, problem: string): ServerError =>
  new ServerError('INVALID_REQUEST', `dialects: ${path.slice(0, 128)} ${problem}.`, { param: 'dialects' });
