import { isObject } from '../input/is-object.ts';

const KEYWORD = 'x-mcp-header';

/** Keywords whose keys are names and whose values are schemas, and keywords whose values are not schemas. */
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
const VALUES = new Set(['enum', 'const', 'default', 'examples']);

/**
 * A schema without `x-mcp-header` (MCP 2026-07-28, custom headers from tool parameters). A server may ask its own
 * clients for copies of arguments in headers. Our client sends it none, and copies that are not compared must not be
 * requested.
 */
export function withoutMirroredHeaders(schema: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => keyword !== KEYWORD)
      .map(([keyword, value]) => [keyword, strip(keyword, value)]),
  );
}

function strip(keyword: string, value: unknown): unknown {
  if (VALUES.has(keyword)) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => (isObject(item) ? withoutMirroredHeaders(item) : item));
  if (!isObject(value)) return value;
  if (!NAMED.has(keyword)) return withoutMirroredHeaders(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, isObject(inner) ? withoutMirroredHeaders(inner) : inner]),
  );
}
