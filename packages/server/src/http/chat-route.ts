import type { ChatDialect } from '../contracts/chat-dialect.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { RouteBody } from './bodies.ts';
import type { Route } from './route.ts';
import type { Handler } from './step.ts';

/** A chat API: where it is reached, and how it is spoken. */
export interface ChatRoute {
  /** Without parameters: `/own/v1/chat`. */
  readonly path: string;
  readonly dialect: ChatDialect;
}

const PLAIN_PATH = /^(?:\/[A-Za-z0-9._~-]{1,128}){1,16}$/;

/** The row of a chat API: each has the same lock, whatever its words. Throws ServerError `INVALID_REQUEST`. */
export function chatRoute({ path, dialect }: ChatRoute, body: RouteBody, handler: Handler): Route {
  if (!PLAIN_PATH.test(path)) throw unusable(path, 'must be a path of letters, digits and . _ ~ - after each slash');
  return { method: 'POST', path, dialect, access: 'chat', body, runsLong: true, idempotency: 'kept', handler };
}

/** Throws ServerError `INVALID_REQUEST` when two rows are at one place: the second would never be reached. */
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
