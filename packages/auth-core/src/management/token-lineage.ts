import type { Authority } from '../authority/authority.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import { endOf } from '../date-time.ts';
import type { TokenRecord } from '../token/token-store.ts';
import { walkLineage } from '../verification/read-lineage.ts';
import { readEntries } from '../verification/read-principal.ts';

/** The authority, chain and expiry of a stored token, together with the tokens that it was derived from. */
export interface TokenLineage {
  /** All that it may do, without the server's policy. */
  readonly authority: Authority;
  /** Every id whose revocation ends the token; its own id is last. */
  readonly chain: readonly string[];
  /** When it expires, in milliseconds since 1970; infinite when it never does. */
  readonly endsAt: number;
  /** The number of stored tokens from the root to this one, both included. */
  readonly depth: number;
}

/**
 * Follows a token to its root. A missing parent adds no grant, so the token seems to have more authority than it has.
 * That is the safe direction: fewer principals cover it and may see or change it.
 */
export async function lineageOf(
  record: TokenRecord,
  find: (id: string) => Promise<TokenRecord | undefined>,
  vocabulary: VocabularyParts,
): Promise<TokenLineage> {
  const { lineage } = await walkLineage(find, record);
  const authority = lineage.flatMap((own) => readEntries(vocabulary, own));
  return {
    authority,
    chain: authority.flatMap(({ id }) => (id === undefined ? [] : [id])),
    endsAt: Math.min(...lineage.map(({ expiresAt }) => endOf(expiresAt))),
    depth: lineage.length,
  };
}
