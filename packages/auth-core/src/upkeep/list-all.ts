import type { Auth } from '../auth.ts';
import { endOf } from '../date-time.ts';
import type { TokenInfo } from '../management/token-info.ts';
import type { Principal } from '../principal.ts';
import type { TokenFilter } from '../token/token-store.ts';

const PAGE = 500;

/** The tokens that a principal sees, the oldest first, a page at a time. */
export async function* listAll(
  auth: Pick<Auth, 'list'>,
  by: Principal,
  filter: TokenFilter = {},
): AsyncGenerator<TokenInfo> {
  for (let after: string | undefined; ; ) {
    const page = await auth.list(by, { ...filter, limit: PAGE, ...(after !== undefined && { after }) });
    yield* page;
    after = page.at(-1)?.id;
    if (after === undefined || page.length < PAGE) return;
  }
}

/** When a token has ended or will end, in milliseconds since 1970; infinite when nothing ends it. */
export function endingOf({ revokedAt, expiresAt }: Pick<TokenInfo, 'revokedAt' | 'expiresAt'>): number {
  return Math.min(endOf(revokedAt), endOf(expiresAt));
}
