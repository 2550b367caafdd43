import { InvalidTokenError } from '../errors.ts';
import type { TokenRecord, TokenStore } from '../store/token-store.ts';

/** How many tokens may have been derived from one another, the root among them. */
export const MAXIMUM_DEPTH = 16;

/**
 * The tokens that a stored one was derived from, the root first, and itself, the last. A parent that is not there, or
 * that is a token's own descendant, proves nothing.
 *
 * @throws {AuthError} `AUTH_TOKEN_UNKNOWN`
 */
export async function readLineage(
  store: Pick<TokenStore, 'find'>,
  record: TokenRecord,
): Promise<readonly [TokenRecord, ...TokenRecord[]]> {
  let lineage: readonly [TokenRecord, ...TokenRecord[]] = [record];
  for (let parentId = record.parentId; parentId !== undefined; parentId = lineage[0].parentId) {
    const parent = lineage.length < MAXIMUM_DEPTH ? await store.find(parentId) : undefined;
    if (parent === undefined) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
    lineage = [parent, ...lineage];
  }
  return lineage;
}
