import type { TokenStore } from '../store/token-store.ts';

/** What has ended: a stored token, or, with `through`, only what was derived from it by way of that id. */
export interface EndedToken {
  readonly parentId: string;
  readonly through?: string;
}

/** Tells of every stored token that has ended with one that it was derived from, directly or by way of others. */
export async function tellDerived(
  store: Pick<TokenStore, 'list'>,
  { parentId, through }: EndedToken,
  tell: (id: string, change: 'revoked') => void,
): Promise<void> {
  // A set grows while it is walked through, and holds nothing twice.
  const parents = new Set([parentId]);
  for (const parent of parents) {
    for (const { id, caveats = [] } of await store.list({ parentId: parent })) {
      if (parent === parentId && through !== undefined && !caveats.some((caveat) => caveat.id === through)) continue;
      if (parents.has(id)) continue;
      parents.add(id);
      tell(id, 'revoked');
    }
  }
}
