import type { TokenFilter, TokenPosition, TokenRecord, TokenStore } from './token-store.ts';

/** How many tokens are in memory at a time. */
const PAGE = 500;

/** The tokens that match the filter, oldest first, one page at a time; only those after `after`, if it is given. */
export async function* listPages(
  store: Pick<TokenStore, 'list'>,
  filter: TokenFilter,
  after?: TokenPosition,
): AsyncGenerator<readonly TokenRecord[]> {
  for (let last = after; ; ) {
    const page = await store.list({ ...filter, ...(last !== undefined && { after: last }), limit: PAGE });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    last = page.at(-1);
    // Some databases answer without ever yielding to the event loop; other work gets its turn here.
    await new Promise<void>((resolve) => setTimeout(resolve));
  }
}
