import { parseDateTime } from '../date-time.ts';
import type { TokenPosition } from '../token/token-store.ts';

/**
 * The place of a token in a list, as one text: for `after`, where the list is read over HTTP. It stays valid when the
 * token is changed or deleted.
 *
 * @example
 * ```ts
 * import { type Auth, placeOf } from '@latchkey/auth-core';
 *
 * export async function secondPage(auth: Auth) {
 *   const last = (await auth.list(auth.operator(), { limit: 100 })).at(-1);
 *   return last && auth.list(auth.operator(), { limit: 100, after: placeOf(last) });
 * }
 * ```
 */
export function placeOf({ createdAt, id }: TokenPosition): string {
  return `${createdAt}/${id}`;
}

/** No id has a blank or a control character, which some databases cannot even look for. */
const ID = /^[!-~]{1,256}$/;

/** The place that a text or a token names; undefined for the id of a token. */
export function readPlace(after: string | TokenPosition): TokenPosition | undefined {
  if (typeof after !== 'string') return isPlace(after) ? after : undefined;
  const [createdAt = '', ...id] = after.split('/');
  const place = { createdAt, id: id.join('/') };
  return isPlace(place) ? place : undefined;
}

function isPlace({ createdAt, id }: TokenPosition): boolean {
  return (
    typeof id === 'string' && ID.test(id) && typeof createdAt === 'string' && parseDateTime(createdAt) !== undefined
  );
}
