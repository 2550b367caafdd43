import { createPlaceBoundFormat, InvalidTokenError } from '@latchkey/auth-core';
import type { ReadHeader } from '@latchkey/auth-core/http';
import { llm } from '@latchkey/auth-core/llm';
import { ServerError } from '../contracts/server-error.ts';
import type { RequestContext } from './request-context.ts';
import type { Route } from './route.ts';
import { PLACE_PATH } from './split-place.ts';

/** What clients use models and tools with. No other action can be carried out at a place, whatever its token allows. */
const ACTIONS: ReadonlySet<Route['access']> = new Set(['chat', 'embeddings', 'models:read', 'models:load']);
/** What clients look at before they do. */
const PROBES: ReadonlySet<string> = new Set([
  '/',
  '/api/version',
  '/api/v1/whoami',
  '/lmstudio-greeting',
  '/lms-status',
]);

/** The routes that there are at each place. All of them need the token of the place, also while authentication is off. */
export function routesAtPlaces(routes: readonly Route[]): readonly Route[] {
  return routes
    .filter(({ path, access }) => ACTIONS.has(access) || PROBES.has(path))
    .map((route) => ({
      ...route,
      path: route.path === '/' ? PLACE_PATH : `${PLACE_PATH}${route.path}`,
      access: route.access === 'public' ? 'authenticated' : route.access,
      neverOpen: true,
    }));
}

const format = createPlaceBoundFormat(llm);

/**
 * Refuses a request at a place that another web page has caused, and one whose path has no place-bound token in it: a
 * token of another kind does not belong in a path, and is not looked up. Other requests pass.
 *
 * Browsers say where a request comes from also where they send no `Origin`, as with links and images. A page that may
 * use the API sends it.
 */
export function checkPlace({ place, header }: Pick<RequestContext, 'place' | 'header'>): void {
  if (place === undefined) return;
  const [site] = header('sec-fetch-site');
  const isForeign = site === 'cross-site' || site === 'same-site';
  if (isForeign && header('origin').length === 0) {
    throw new ServerError('ORIGIN_DENIED', 'A place is for its own client, and does not answer other web pages.', {
      param: 'Sec-Fetch-Site',
    });
  }
  if (format.parse(place) === undefined) throw new InvalidTokenError('AUTH_TOKEN_MALFORMED', { kind: 'place-bound' });
}

/**
 * Reads the headers of a request as if its client had sent the token of its place. What it has sent itself is not
 * looked at: programs without a field for a key send one that they made up.
 */
export const withTokenOfPlace =
  (header: ReadHeader, place: string): ReadHeader =>
  (name) => {
    if (name === 'authorization') return [`Bearer ${place}`];
    return name === llm.names.keyHeader.toLowerCase() ? [] : header(name);
  };
