import type { TokenFilter, TokenPosition, TokenRecord, TokenStore } from './token-store.ts';

/** How many tokens are held at a time, however many there are. */
const PAGE = 500;

/** The tokens that the filter lets through, the oldest first, a page at a time; those after a position, if one is given. */
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
    // Some databases answer without ever letting go of the process; whoever else waits gets his turn here.
    await new Promise<void>((resolve) => setTimeout(resolve));
  }
}
