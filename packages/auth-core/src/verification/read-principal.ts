import type { AuthorityEntry } from '../authority/authority.ts';
import type { Grant } from '../authority/grant.ts';
import { parseAcceptedGrant } from '../authority/parse-grant.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import type { Principal } from '../principal.ts';
import { freezeJson, type JsonObject } from '../schema/copy-json.ts';
import { isJsonObject } from '../schema/json-value.ts';
import type { Derivation, TokenKind } from '../token/token-format.ts';
import type { TokenRecord } from '../token/token-store.ts';
import type { Lineage } from './read-lineage.ts';

const NOTHING: Grant = { actions: [] };

/**
 * The grant of a stored token. One that cannot be read, because it was written into the database by hand, by a newer
 * version or in words that the vocabulary lacks, allows nothing.
 */
export function readGrant(vocabulary: VocabularyParts, record: TokenRecord): Grant {
  return readStoredGrant(vocabulary, record.grant);
}

/** What a stored token adds to the authority of its parent: its caveats and its own grant. */
export function readEntries(vocabulary: VocabularyParts, record: TokenRecord): readonly AuthorityEntry[] {
  // A derived token only narrows the token that it was made from.
  const added = record.parentId === undefined ? {} : { added: true };
  return [
    ...readCaveats(vocabulary, record),
    { grant: readGrant(vocabulary, record), source: `token ${record.name}`, id: record.id, ...added },
  ];
}

/** As with a token's own grant, a caveat that cannot be read allows nothing. */
function readCaveats(
  vocabulary: VocabularyParts,
  { caveats = [], name }: { readonly caveats?: unknown; readonly name: string },
): AuthorityEntry[] {
  const unreadable = { grant: NOTHING, source: `caveat of token ${name}`, added: true };
  if (!Array.isArray(caveats)) return [unreadable];
  return caveats.map((caveat: unknown) => {
    if (!isJsonObject(caveat)) return unreadable;
    const { grant, source, id } = caveat;
    return {
      grant: readStoredGrant(vocabulary, grant),
      source: typeof source === 'string' ? source : unreadable.source,
      added: true,
      ...(typeof id === 'string' && { id }),
    };
  });
}

function readStoredGrant(vocabulary: VocabularyParts, grant: unknown): Grant {
  try {
    return parseAcceptedGrant(vocabulary, grant);
  } catch {
    return NOTHING;
  }
}

/** A proved token: the stored token, its ancestors, and what was derived from it without the store. */
export interface ProvedToken {
  readonly kind: TokenKind;
  /** From the root to the stored token that was presented, or from which the presented one was derived. */
  readonly lineage: Lineage;
  /** What the presented text adds, when it is not a stored token itself. */
  readonly derivation?: Derivation;
  /** The name of the secret that was used; see `nameSecret`. */
  readonly provedBy?: string | undefined;
  /** Milliseconds since 1970; infinite when it never ends. */
  readonly endsAt: number;
}

/** The principal of a proved token. Its authority is the server's policy and what each token of the chain adds. */
export function readPrincipal(
  { kind, lineage, derivation, provedBy, endsAt }: ProvedToken,
  policy: AuthorityEntry,
  vocabulary: VocabularyParts,
): Principal {
  const [root] = lineage;
  const stored = lastOf(lineage);
  const { name, owner, project = derivation?.project } = stored;
  const metadata = metadataOf(lineage);
  const claims = derivation?.claims;
  // The grants that an access token copied from its parent are kept even while the parent has the same ones: tokens
  // made from it must not gain what the parent may gain later.
  const added = (derivation?.entries ?? []).map((entry) => ({ ...entry, added: true }));
  const entries = [...lineage.flatMap((record) => readEntries(vocabulary, record)), ...added].map((entry) =>
    Object.freeze(entry),
  );
  const chain = [...new Set([...entries.flatMap(({ id }) => id ?? []), ...(derivation?.ids ?? [])])];
  return Object.freeze({
    id: lastOf([stored.id, ...(derivation?.ids ?? [])]),
    kind,
    name,
    owner,
    ...(project !== undefined && { project }),
    rootId: root.id,
    tokenId: stored.id,
    chain: Object.freeze(chain),
    authority: Object.freeze([policy, ...entries]),
    ...(metadata !== undefined && { metadata }),
    ...(claims !== undefined && { claims }),
    ...(provedBy !== undefined && { provedBy }),
    ...(Number.isFinite(endsAt) && { expiresAt: new Date(endsAt).toISOString() }),
  });
}

/** The metadata of the last token in a lineage that has some. Frozen, because requests share a principal. */
export function metadataOf(lineage: readonly TokenRecord[]): JsonObject | undefined {
  return freezeJson(lineage.findLast(({ metadata }) => metadata !== undefined)?.metadata);
}

function lastOf<T>(list: readonly [T, ...T[]]): T {
  return list.reduce((_, item) => item);
}
