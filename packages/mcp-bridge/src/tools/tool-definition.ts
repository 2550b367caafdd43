import { createHash } from 'node:crypto';
import { z } from 'zod';
import { hasHidden, removeHidden } from '../visible-text.ts';
import { deepFreeze } from './deep-freeze.ts';
import { excessOf, maxDefinitionBytes } from './schema-caps.ts';

/** A tool as its server defines it, cleaned for a model to read. */
export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: Record<string, unknown>;
  /** The value of `$schema`, which is not in `inputSchema` because it is of no use to a model. */
  readonly dialect?: string;
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

const nameSchema = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/);

const definitionSchema = z.looseObject({
  name: nameSchema,
  title: z.string().optional(),
  description: z.string().optional(),
  inputSchema: z.looseObject({ type: z.literal('object') }),
  execution: z.looseObject({ taskSupport: z.string().optional() }).optional(),
});

/** The keywords of a schema that hold prose; all other values must reach the server unchanged. */
const proseKeys = new Set(['description', 'title', '$comment']);

/**
 * Reads one definition, or returns why the tool cannot be offered. A definition is untrusted text that goes into a
 * prompt, so hidden characters are removed from its prose, and a tool that has them elsewhere is refused.
 */
export function readToolDefinition(
  raw: unknown,
): { readonly tool: ToolDefinition } | { readonly name?: string; readonly problem: string } {
  const parsed = definitionSchema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const { data: named } = z.looseObject({ name: nameSchema }).safeParse(raw);
    const problem = `its definition is wrong at "${issue?.path.join('.')}"`;
    return named === undefined ? { problem } : { name: named.name, problem };
  }
  const { name, title, description, inputSchema, execution, outputSchema, annotations } = parsed.data;
  const excess = excessOf(inputSchema);
  if (excess !== undefined) return { name, problem: excess };
  const text = canonicalJson({ name, title, description, inputSchema, outputSchema, annotations });
  if (text === undefined || Buffer.byteLength(text) > maxDefinitionBytes) {
    return { name, problem: `its definition is larger than ${maxDefinitionBytes} bytes` };
  }
  if (execution?.taskSupport === 'required') return { name, problem: 'it runs only as a task' };
  const { $schema: dialect, ...visible } = inputSchema;
  const cleaned = cleanSchema(visible);
  if (cleaned === undefined) return { name, problem: 'its schema has hidden characters in names or values' };
  const tool = {
    name,
    ...(description === undefined ? {} : { description: removeHidden(description) }),
    inputSchema: deepFreeze(cleaned),
    ...(typeof dialect === 'string' ? { dialect } : {}),
    canonical: text,
    fingerprint: createHash('sha256').update(text).digest('hex'),
  };
  return { tool: Object.freeze(tool) };
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
