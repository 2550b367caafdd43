import type { Authority } from '../authority/authority.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import { endOf } from '../date-time.ts';
import type { TokenRecord } from '../store/token-store.ts';
import { MAXIMUM_DEPTH } from '../verification/read-lineage.ts';
import { readEntries } from '../verification/read-principal.ts';

/** What follows for a stored token from the tokens that it was derived from. */
export interface TokenLineage {
  /** All that it may do, without the server's policy. */
  readonly authority: Authority;
  /** Every id that it can be ended by, its own the last. */
  readonly chain: readonly string[];
  /** When it ends at the latest, in milliseconds since 1970; infinite when it never does. */
  readonly endsAt: number;
  /** How many tokens were derived from one another on the way, itself among them. */
  readonly depth: number;
}

/**
 * Follows a token to its root. A parent that is not there adds nothing: the less is known of a token, the more it
 * seems to be allowed, and the fewer may touch it.
 */
export async function lineageOf(
  record: TokenRecord,
  find: (id: string) => Promise<TokenRecord | undefined>,
  vocabulary: VocabularyParts,
): Promise<TokenLineage> {
  const line: TokenRecord[] = [record];
  let parentId = record.parentId;
  while (parentId !== undefined && line.length < MAXIMUM_DEPTH) {
    const parent = await find(parentId);
    if (parent === undefined) break;
    line.unshift(parent);
    parentId = parent.parentId;
  }
  const authority = line.flatMap((own) => readEntries(vocabulary, own));
  return {
    authority,
    chain: authority.flatMap(({ id }) => (id === undefined ? [] : [id])),
    endsAt: Math.min(...line.map(({ expiresAt }) => endOf(expiresAt))),
    depth: line.length,
  };
}
