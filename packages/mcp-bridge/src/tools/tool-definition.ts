import { createHash } from 'node:crypto';
import { isSpecType } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { hasHidden, removeHidden, visibleLine } from '../visible-text.ts';
import { deepFreeze } from './deep-freeze.ts';
import { repairSchema } from './repair-schema.ts';
import { excessOf, maxDefinitionBytes } from './schema-caps.ts';
import { readEffect, type ToolEffect } from './tool-effect.ts';

/** A tool as its server defines it, cleaned for a model to read. */
export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: Record<string, unknown>;
  /** The value of `$schema`, which is not in `inputSchema` because it is of no use to a model. */
  readonly dialect?: string;
  /** What its annotations claim. It counts only where the definition is pinned: `ServerConnection.effectOf`. */
  readonly claims: ToolEffect;
  /** Canonical JSON of the whole definition, unchanged. */
  readonly canonical: string;
  /** SHA-256 of `canonical`; it differs for a changed definition. */
  readonly fingerprint: string;
}

/** Returns the names of a tool's arguments: the properties of its schema. Without any, the list is empty. */
export function argumentNamesOf({ inputSchema }: Pick<ToolDefinition, 'inputSchema'>): readonly string[] {
  const { properties } = inputSchema;
  const isNamed = typeof properties === 'object' && properties !== null && !Array.isArray(properties);
  return isNamed ? Object.keys(properties) : [];
}

/** The longest glob that a grant may have, so that every tool can be named in one. */
const maxNameLength = 256;
const shownNameLength = 64;

/** What is read of a definition; null is absent, and so is prose that is not a text. */
const definitionSchema = z.looseObject({
  name: z.string(),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  execution: z.looseObject({ taskSupport: z.unknown() }).optional().catch(undefined),
});

/** The keywords of a schema that hold prose; all other values must reach the server unchanged. */
const proseKeys = new Set(['description', 'title', '$comment']);

/** A definition that can be offered, with what its operator should know; or why it cannot be. */
export type ReadDefinition =
  | { readonly tool: ToolDefinition; readonly notes: readonly string[] }
  | { readonly name?: string; readonly problem: string };

/**
 * Reads one definition, repaired as far as it can be (`repairSchema`), or returns why the tool cannot be offered. A
 * definition is untrusted text that goes into a prompt, so hidden characters are removed from its prose, and a tool
 * that has them elsewhere is refused.
 */
export function readToolDefinition(raw: unknown): ReadDefinition {
  const parsed = definitionSchema.safeParse(raw);
  if (!parsed.success) {
    const isObject = typeof raw === 'object' && raw !== null && !Array.isArray(raw);
    return { problem: isObject ? 'its definition has no name' : 'its definition is not a JSON object' };
  }
  const { name, title, description, execution, inputSchema, outputSchema, annotations } = parsed.data;
  const unfit = problemOfName(name);
  if (unfit !== undefined) return { problem: unfit };
  const excess = excessOf(inputSchema);
  if (excess !== undefined) return { name, problem: excess };
  const text = canonicalJson({ name, title, description, inputSchema, outputSchema, annotations });
  if (text === undefined || Buffer.byteLength(text) > maxDefinitionBytes) {
    return { name, problem: `its definition is larger than ${maxDefinitionBytes} bytes` };
  }
  if (execution?.taskSupport === 'required') return { name, problem: 'it runs only as a task' };
  const repaired = repairSchema(inputSchema);
  if (repaired === undefined) return { name, problem: 'its "inputSchema" is not that of an object' };
  const cleaned = cleanSchema(repaired.schema);
  if (cleaned === undefined) return { name, problem: 'its schema has hidden characters in names or values' };
  if (!isTakenByClients(cleaned)) return { name, problem: 'its "inputSchema" is not one that clients take' };
  const tool = {
    name,
    ...(description === undefined ? {} : { description: removeHidden(description) }),
    inputSchema: deepFreeze(cleaned),
    ...(repaired.dialect === undefined ? {} : { dialect: repaired.dialect }),
    claims: readEffect(annotations),
    canonical: text,
    fingerprint: createHash('sha256').update(text).digest('hex'),
  };
  return { tool: Object.freeze(tool), notes: repaired.notes };
}

/**
 * Whether clients made with either line of the protocol's SDK take a list with this schema: both refuse a whole list
 * because of one tool.
 */
function isTakenByClients(inputSchema: Record<string, unknown>): boolean {
  const { type, properties = {}, required = [] } = inputSchema;
  const isStrict =
    type === 'object' &&
    isPlainObject(properties) &&
    Object.values(Object(properties)).every(isPlainObject) &&
    Array.isArray(required) &&
    required.every((name) => typeof name === 'string');
  return isStrict && isSpecType.Tool({ name: 'any', inputSchema });
}

const isPlainObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names of any script and with any signs are aliased for models; what no person could tell apart is not taken. */
function problemOfName(name: string): string | undefined {
  if (name.trim() === '') return 'its name is empty';
  const shown = JSON.stringify(visibleLine(name.slice(0, shownNameLength)));
  if (name.length > maxNameLength) return `its name ${shown}… is longer than ${maxNameLength} characters`;
  return hasHidden(name) || /[\t\n]/.test(name) ? `its name ${shown} has hidden characters` : undefined;
}

function canonicalJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    );
  } catch {
    // Too deeply nested to be serialized.
    return undefined;
  }
}

function cleanSchema(schema: Record<string, unknown>): Record<string, unknown> | undefined {
  let clean = true;
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (hasHidden(key)) clean = false;
    if (typeof value !== 'string') return value;
    if (proseKeys.has(key)) return removeHidden(value);
    if (hasHidden(value)) clean = false;
    return value;
  });
  return clean ? JSON.parse(text) : undefined;
}
