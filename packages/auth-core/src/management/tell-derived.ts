import type { TokenStore } from '../token/token-store.ts';

/** How many tokens are asked about at a time. */
const BATCH = 500;

/**
 * Reports every stored token that ended because one of these ended that it was derived from, directly or indirectly;
 * with `through`, only those derived through the caveat with that id.
 */
export async function tellDerived(
  store: Pick<TokenStore, 'list'>,
  ended: readonly string[],
  tell: (id: string, change: 'revoked') => void,
  through?: string,
): Promise<void> {
  const known = new Set(ended);
  for (let parents = ended; parents.length > 0; ) {
    const children: string[] = [];
    for (let start = 0; start < parents.length; start += BATCH) {
      for (const { id, caveats = [] } of await store.list({ parentIds: parents.slice(start, start + BATCH) })) {
        if (parents === ended && through !== undefined && !caveats.some((caveat) => caveat.id === through)) continue;
        if (known.has(id)) continue;
        known.add(id);
        children.push(id);
        tell(id, 'revoked');
      }
    }
    parents = children;
  }
}
