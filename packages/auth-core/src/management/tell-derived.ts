import type { TokenStore } from '../token/token-store.ts';

/** What has ended: a stored token, or, with `through`, only the tokens derived from it through that id. */
export interface EndedToken {
  readonly parentId: string;
  readonly through?: string;
}

/** Reports every stored token that ended because a token that it was derived from, directly or indirectly, ended. */
export async function tellDerived(
  store: Pick<TokenStore, 'list'>,
  { parentId, through }: EndedToken,
  tell: (id: string, change: 'revoked') => void,
): Promise<void> {
  // Ids added to the set during the loop are visited too, each only once.
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
