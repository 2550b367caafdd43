import type { AuthorityEntry } from '../authority/authority.ts';
import { ConflictError, TokenNotFoundError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { TokenRecord } from '../token/token-store.ts';
import { MAXIMUM_DEPTH } from '../verification/read-lineage.ts';
import { lineageOf } from './token-lineage.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

const TOO_DEEP = `Tokens were derived from one another ${MAXIMUM_DEPTH} times already. Use one of those before this one.`;

/**
 * What ties a new token to the principal that makes it: the stored token behind the principal, and everything that the
 * principal adds to the authority of that token.
 */
export async function deriveFrom(
  by: Principal,
  { store, policy, vocabulary }: Pick<TokenManagerParts, 'store' | 'policy' | 'vocabulary'>,
): Promise<Pick<TokenRecord, 'parentId' | 'caveats'>> {
  const parent = await store.find(by.tokenId);
  if (parent === undefined) throw new TokenNotFoundError();
  // A token one level deeper would never verify.
  if ((await lineageOf(parent, store.find, vocabulary)).depth >= MAXIMUM_DEPTH) throw new ConflictError(TOO_DEEP);
  const caveats = addedEntries(by, policy);
  const named = new Set(caveats.map(({ id }) => id));
  // Revoking any id of the principal must also end what the principal makes, even an id that carries no grant.
  const ends = by.chain.slice(by.chain.indexOf(by.tokenId) + 1).filter((id) => !named.has(id));
  const all = [...caveats, ...ends.map((id) => ({ grant: vocabulary.everything, source: `token ${by.name}`, id }))];
  return { parentId: by.tokenId, ...(all.length > 0 && { caveats: all }) };
}

/** The entries after that of the stored token. That entry and those before it are read from the store at each use. */
export function addedEntries(by: Principal, policy: AuthorityEntry): readonly AuthorityEntry[] {
  const own = by.authority.findIndex(({ id }) => id === by.tokenId);
  return own < 0 ? by.authority.filter((entry) => entry !== policy) : by.authority.slice(own + 1);
}
