import type { TokenInfo } from '@latchkey/auth-core';
import type { Auth, GrantWarning } from '@latchkey/auth-core/llm';
import { isAdministrator } from './administrator.ts';

/** How an installation without an administrator's token gets one. */
export const WAY_BACK = "On the machine of the server, 'latchkey admin recover' makes another one.";

export const NONE_LEFT = "No administrator's token is left.";

/** How many tokens are read at once. */
const PAGE = 500;

/** Whether a token administers, or would if it had not ended. */
export function hasAdministered({ revokedAt: _, expiresAt: __, ...token }: TokenInfo): boolean {
  return isAdministrator(token, new Date(0));
}

/** The tokens among these that administer: with those that they were derived from, they work and may do everything. */
export function administratorsAmong(tokens: readonly TokenInfo[], now: Date): readonly TokenInfo[] {
  const known = new Map(tokens.map((token) => [token.id, token]));
  const administers = (token: TokenInfo | undefined): boolean =>
    token !== undefined &&
    isAdministrator(token, now) &&
    (token.parentId === undefined || administers(known.get(token.parentId)));
  return tokens.filter(administers);
}

/**
 * Warns after a change to tokens that administered: when no administrator's token is left, or when all that are left
 * expire.
 *
 * @param changed these tokens, as they were before or as they are now
 */
export async function warnOfAdministrators(
  auth: Pick<Auth, 'list' | 'operator'>,
  changed: readonly TokenInfo[],
  now: Date,
): Promise<readonly GrantWarning[]> {
  if (!changed.some(hasAdministered)) return [];
  const tokens: TokenInfo[] = [];
  let latest: string | undefined;
  for (let after: string | undefined; ; after = tokens.at(-1)?.id) {
    const page = await auth.list(auth.operator(), { limit: PAGE, ...(after !== undefined && { after }) });
    tokens.push(...page);
    const left = administratorsAmong(tokens, now);
    if (left.some(({ expiresAt }) => expiresAt === undefined)) return [];
    latest = left
      .map(({ expiresAt }) => expiresAt)
      .sort()
      .at(-1);
    if (page.length < PAGE) break;
  }
  const problem = latest === undefined ? NONE_LEFT : `The last administrator's token expires at ${latest}.`;
  return [{ path: 'administrators', message: `${problem} ${WAY_BACK}` }];
}
