import type { Auth } from '../auth.ts';
import { isAuthError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { endingOf, listAll } from './list-all.ts';

/** What {@link removeEnded} removes. */
export interface EndedOptions {
  /** Tokens that were revoked or have expired before this time. */
  readonly before: Date;
  /** Who removes them; the operator by default. Only tokens that it may see are removed. */
  readonly by?: Principal;
}

/**
 * Removes tokens that ended before a time, with all that was derived from them, and returns their ids. Each removal is
 * an act of administration with an entry in the audit log, which alone keeps a record of the token. Call it now and
 * then: nothing is removed by itself. A removed token is refused as unknown, no longer as expired or revoked.
 *
 * @throws {AuthError} as `list` and `remove`; what was removed by then stays removed
 * @example
 * ```ts
 * import type { Auth } from '@latchkey/auth-core';
 * import { removeEnded } from '@latchkey/auth-core/upkeep';
 *
 * export function everyNight(auth: Auth): Promise<readonly string[]> {
 *   return removeEnded(auth, { before: new Date(Date.now() - 90 * 86_400_000) });
 * }
 * ```
 */
export async function removeEnded(
  auth: Pick<Auth, 'list' | 'remove' | 'forgetEnded' | 'operator'>,
  { before, by = auth.operator() }: EndedOptions,
): Promise<readonly string[]> {
  const end = before.getTime();
  if (Number.isNaN(end)) throw new TypeError('removeEnded: before must be a valid date');
  // All of them are read first: a page begins after the last token of the one before, which must still be there.
  const ended: string[] = [];
  for await (const token of listAll(auth, by)) {
    if (token.parentId === undefined && endingOf(token) < end) ended.push(token.id);
  }
  const removed: string[] = [];
  for (const id of ended) if (await removeOne(auth, id, by)) removed.push(id);
  await auth.forgetEnded(before);
  return removed;
}

/** Returns false for a token that another process has removed, or has given a later end. */
async function removeOne(auth: Pick<Auth, 'remove'>, id: string, by: Principal): Promise<boolean> {
  try {
    await auth.remove(id, by);
    return true;
  } catch (error) {
    if (isAuthError(error) && (error.code === 'AUTH_TOKEN_NOT_FOUND' || error.code === 'AUTH_CONFLICT')) return false;
    throw error;
  }
}
