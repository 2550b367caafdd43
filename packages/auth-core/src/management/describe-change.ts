import { type Grant, ruleOf } from '../authority/grant.ts';
import type { AnyResourceKind } from '../authority/resource-kind.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import { canonicalJson } from '../schema/canonical-json.ts';
import type { JsonObject } from '../schema/copy-json.ts';
import type { Json } from '../schema/json-schema.ts';
import { sha256 } from '../token/sha256.ts';
import type { TokenRecord } from '../token/token-store.ts';
import type { EditInput } from './edit-token.ts';

/** How many items of a list, and how many characters of a text, an entry shows; the digest covers all of it. */
const LIST_ITEMS = 8;
const TEXT_CHARACTERS = 60;

/** What the log records of a new token: its owner, its grant, its expiry, and of its metadata the names. */
export async function describeIssued(
  vocabulary: VocabularyParts,
  { owner, parentId, grant, expiresAt, metadata }: TokenRecord,
) {
  return {
    owner,
    ...(parentId !== undefined && { parent: parentId }),
    grant: await describeGrant(vocabulary, grant),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(metadata !== undefined && { metadata: await describeMetadata(metadata) }),
  };
}

/**
 * What the log records of a changed token: which fields changed, with their values before and after. The text of notes
 * is not recorded.
 */
export async function describeEdited(
  vocabulary: VocabularyParts,
  input: EditInput,
  before: TokenRecord,
  after: TokenRecord,
): Promise<Readonly<Record<string, Json>>> {
  const changed = EDITABLE.filter((field) => input[field] !== undefined);
  const changes: Record<string, Json> = {};
  for (const field of changed) {
    if (field === 'notes') continue;
    const describe = (record: TokenRecord): Json | Promise<Json> => {
      if (field === 'grant') return describeGrant(vocabulary, record.grant);
      return field === 'metadata' ? describeMetadata(record.metadata) : (record[field] ?? null);
    };
    changes[field] = { from: await describe(before), to: await describe(after) };
  }
  return { changed, ...changes };
}

/** What can be changed of a token. */
export const EDITABLE = [
  'name',
  'grant',
  'expiresAt',
  'notes',
  'metadata',
  'rotateAfterSeconds',
] as const satisfies (keyof EditInput)[];

/**
 * A grant as the log records it: a digest of all of it (SHA-256 of its canonical JSON), every action, and the beginning
 * of its other lists. Conditions on arguments are only in the digest.
 */
async function describeGrant({ resources }: VocabularyParts, grant: Grant): Promise<Json> {
  const { actions, networks, projects, notBefore, expiresAt, limits } = grant;
  const rules = Object.entries(resources).flatMap(([name, kind]) => {
    const rule = ruleOf(grant, name);
    return rule === undefined ? [] : [[name, begin(namesOf(kind, rule))] as const];
  });
  return {
    digest: await sha256(canonicalJson(grant)),
    // Duplicates are removed, so that repeated actions do not push others out of the entry.
    actions: [...new Set(actions)].sort(),
    ...Object.fromEntries(rules),
    ...(networks && { networks: begin(networks) }),
    ...(projects && { projects: begin(projects) }),
    ...(notBefore !== undefined && { notBefore }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(limits && { limits: { ...limits } as Record<string, number> }),
  };
}

/** Metadata may be about persons: the log has a digest of all of it, and the names at its top. */
async function describeMetadata(metadata: JsonObject | undefined): Promise<Json> {
  if (metadata === undefined) return null;
  return { digest: await sha256(canonicalJson(metadata)), names: begin(Object.keys(metadata)) };
}

function namesOf(kind: AnyResourceKind, rule: unknown): readonly string[] {
  if (kind.names !== undefined) return kind.names(rule);
  if (Array.isArray(rule)) return rule.map(String);
  return typeof rule === 'object' && rule !== null ? Object.keys(rule) : [String(rule)];
}

/** Patterns with `*` come first: what is left out is never wider than what is shown. */
function begin(texts: readonly string[]): string[] {
  const sorted = [...new Set(texts)].sort((left, right) => Number(right.includes('*')) - Number(left.includes('*')));
  const shown = sorted
    .slice(0, LIST_ITEMS)
    .map((text) => (text.length > TEXT_CHARACTERS ? `${text.slice(0, TEXT_CHARACTERS)}…` : text));
  return sorted.length > LIST_ITEMS ? [...shown, `… ${sorted.length - LIST_ITEMS} more`] : shown;
}
