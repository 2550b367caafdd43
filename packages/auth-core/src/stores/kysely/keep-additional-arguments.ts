import type { Kysely } from 'kysely';

interface TokensThen {
  tokens: { id: string; grant_json: string; caveats_json: string | null };
}

type JsonObject = Record<string, unknown>;

const PAGE = 500;

/**
 * Writes `additionalArguments: true` into the rules of stored grants that have conditions and do not set it. Before
 * this migration an absent value allowed any further argument; now it allows only those that the tool's definition
 * names.
 */
export async function keepAdditionalArguments(database: Kysely<unknown>): Promise<void> {
  const tokens = database as Kysely<TokensThen>;
  let last = '';
  for (;;) {
    const rows = await tokens
      .selectFrom('tokens')
      .select(['id', 'grant_json', 'caveats_json'])
      .where('id', '>', last)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    for (const { id, grant_json, caveats_json } of rows) {
      const changed = {
        grant_json: rewrite(grant_json, keepIn),
        caveats_json: caveats_json === null ? null : rewrite(caveats_json, keepInCaveats),
      };
      if (changed.grant_json !== grant_json || changed.caveats_json !== caveats_json) {
        await tokens.updateTable('tokens').set(changed).where('id', '=', id).execute();
      }
    }
    const end = rows.at(-1);
    if (end === undefined) return;
    last = end.id;
  }
}

/** Text that is not JSON stays as it is: it allows nothing. */
function rewrite(text: string, change: (value: unknown) => boolean): string {
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
