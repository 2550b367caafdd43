import { InvalidTokenError } from '../errors.ts';
import type { TokenRecord, TokenStore } from '../store/token-store.ts';

/** The greatest number of stored tokens in a chain, including the root. */
export const MAXIMUM_DEPTH = 16;

/**
 * The tokens that a stored one was derived from, starting with the root, and the token itself, which is last. A missing
 * parent or a cycle is refused.
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
