import type { Auth } from '../auth.ts';
import type { Revocation } from '../management/revoke-tokens.ts';
import type { TokenInfo } from '../management/token-info.ts';
import type { Principal } from '../principal.ts';
import { lastSignOf } from '../verification/refuse-unused.ts';
import { endingOf, listAll } from './list-all.ts';

/** What {@link endUnused} ends. */
export interface UnusedOptions {
  /** Tokens that were neither used, made nor rotated since this time. */
  readonly since: Date;
  /** Who revokes them; the operator by default. Only tokens that it may see are revoked. */
  readonly by?: Principal;
  /** Says which tokens never end for this reason, such as one for emergencies. */
  readonly except?: (token: TokenInfo) => boolean;
}

/**
 * Revokes tokens that were not used since a time, and returns their revocations. The use of a derived token is a use of
 * every token above it. Each revocation has its entry in the audit log. Call it now and then, such as once a day, to
 * revoke them for good and with exceptions; with the setting `unusedTokenSeconds`, tokens expire by themselves.
 *
 * Times of use are written within a minute, so choose a time that is much longer ago.
 *
 * @throws {AuthError} as `list` and `revoke`; what was revoked by then stays revoked
 * @example
 * ```ts
 * import type { Auth } from '@latchkey/auth-core';
 * import { endUnused } from '@latchkey/auth-core/upkeep';
 *
 * export async function everyNight(auth: Auth): Promise<void> {
 *   await endUnused(auth, { since: new Date(Date.now() - 90 * 86_400_000), except: ({ name }) => name === 'emergency' });
 * }
 * ```
 */
export async function endUnused(
  auth: Pick<Auth, 'list' | 'show' | 'revoke' | 'operator'>,
  { since, by = auth.operator(), except = () => false }: UnusedOptions,
): Promise<readonly Revocation[]> {
  const start = since.getTime();
  if (Number.isNaN(start)) throw new TypeError('endUnused: since must be a valid date');
  const isUnused = (token: TokenInfo): boolean => endingOf(token) > start && lastSignOf(token) < start;
  const ended: Revocation[] = [];
  for await (const token of listAll(auth, by)) {
    if (token.revokedAt !== undefined || !isUnused(token) || except(token)) continue;
    // It may have been used since it was listed.
    if (isUnused(await auth.show(token.id, by))) ended.push(await auth.revoke(token.id, by));
  }
  return ended;
}
