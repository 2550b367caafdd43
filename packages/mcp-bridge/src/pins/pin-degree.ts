import { createHash } from 'node:crypto';
import type { PinDegree } from '../config/mcp-config.ts';
import type { ToolDefinition } from '../tools/tool-definition.ts';

const shapes = new WeakMap<ToolDefinition, string>();

/** The fingerprint of what is pinned of a definition: two with the same one are the same tool. */
export function pinnedFingerprint(definition: ToolDefinition, degree: PinDegree): string {
  if (degree === 'everything') return definition.fingerprint;
  const known = shapes.get(definition);
  if (known !== undefined) return known;
  const shape = shapeFingerprint(definition.canonical);
  shapes.set(definition, shape);
  return shape;
}

/** As `pinnedFingerprint` for schemas, of the canonical JSON of a definition. */
export function shapeFingerprint(canonical: string): string {
  const definition: unknown = JSON.parse(canonical);
  return createHash('sha256')
    .update(JSON.stringify(withoutProse(definition)))
    .digest('hex');
}

/** A text under these keys is for people and models. A property of that name has a schema there, not a text. */
const prose: ReadonlySet<string> = new Set(['description', 'title', '$comment']);
/** What stands under these keys is data, whatever it looks like. */
const data: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples']);

function withoutProse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => !(prose.has(key) && typeof inner === 'string'));
  return Object.fromEntries(kept.map(([key, inner]) => [key, data.has(key) ? inner : withoutProse(inner)]));
}
