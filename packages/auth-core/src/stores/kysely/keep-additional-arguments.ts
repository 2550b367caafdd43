import type { Kysely } from 'kysely';
import { rewriteTokens } from './rewrite-tokens.ts';

type JsonObject = Record<string, unknown>;

/**
 * Writes `additionalArguments: true` into the rules of stored grants that have conditions and do not set it. Before
 * this migration an absent value allowed any further argument; now it allows only those that the tool's definition
 * names.
 */
export async function keepAdditionalArguments(database: Kysely<unknown>): Promise<void> {
  await rewriteTokens(database, ['grant_json', 'caveats_json'], ({ grant_json, caveats_json }) => ({
    grant_json: rewrite(grant_json, keepIn),
    caveats_json: rewrite(caveats_json, keepInCaveats),
  }));
}

/** Text that is not JSON stays as it is: it allows nothing. */
function rewrite(text: string | null, change: (value: unknown) => boolean): string | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return change(value) ? JSON.stringify(value) : text;
  } catch {
    return text;
  }
}

function keepInCaveats(caveats: unknown): boolean {
  if (!Array.isArray(caveats)) return false;
  return caveats.map((caveat) => isObject(caveat) && keepIn(caveat.grant)).some(Boolean);
}

/** Changes a grant in place; returns whether it did. */
function keepIn(grant: unknown): boolean {
  let hasChanged = false;
  for (const server of valuesOf(isObject(grant) ? grant.mcp : undefined)) {
    for (const rule of valuesOf(server.tools)) {
      if (rule.additionalArguments !== undefined || Object.keys(asObject(rule.arguments)).length === 0) continue;
      rule.additionalArguments = true;
      hasChanged = true;
    }
  }
  return hasChanged;
}

const valuesOf = (value: unknown): readonly JsonObject[] => Object.values(asObject(value)).filter(isObject);

const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {});

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
