import { InvalidTokenError } from '../errors.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';

/** The greatest number of stored tokens in a chain, including the root. */
export const MAXIMUM_DEPTH = 16;

/** The tokens that a stored one was derived from, starting with the first, and the token itself, which is last. */
export type Lineage = readonly [TokenRecord, ...TokenRecord[]];

/** Follows a token to its root, as far as its parents are found; `isWhole` when that is all the way. */
export async function walkLineage(
  find: TokenStore['find'],
  record: TokenRecord,
): Promise<{ readonly lineage: Lineage; readonly isWhole: boolean }> {
  let lineage: Lineage = [record];
  for (let parentId = record.parentId; parentId !== undefined; parentId = lineage[0].parentId) {
    const parent = lineage.length < MAXIMUM_DEPTH ? await find(parentId) : undefined;
    if (parent === undefined) return { lineage, isWhole: false };
    lineage = [parent, ...lineage];
  }
  return { lineage, isWhole: true };
}

/**
 * The lineage of a token from its root. A missing parent or a cycle is refused.
 *
 * @throws {AuthError} `AUTH_TOKEN_UNKNOWN`
 */
export async function readLineage({ find }: Pick<TokenStore, 'find'>, record: TokenRecord): Promise<Lineage> {
  const { lineage, isWhole } = await walkLineage(find, record);
  if (!isWhole) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
  return lineage;
}
