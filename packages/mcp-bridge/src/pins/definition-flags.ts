import { hiddenIn } from '../visible-text.ts';
import { instructionsIn } from './instruction-patterns.ts';

/** Something in a definition that a person should check. A flag blocks nothing. */
export interface DefinitionFlag {
  /**
   * - `hidden_characters`: it contains characters that a person cannot see; they are removed from what a model reads;
   * - `instructions`: a text that reads like instructions to a model;
   * - `oversized`: much more text than a tool needs.
   */
  readonly kind: 'hidden_characters' | 'instructions' | 'oversized';
  /** Where, e.g. `inputSchema.properties.path.description`; empty for the definition as a whole. */
  readonly path: string;
  /** The code points (`U+200B U+2060`), the names of the patterns, or the size in bytes. */
  readonly detail: string;
}

const usualBytes = 16 * 1024;
/** The most flags of one definition. */
const maxFlags = 32;

/** Checks a definition, given as canonical JSON. */
export function flagDefinition(canonical: string): readonly DefinitionFlag[] {
  const bytes = Buffer.byteLength(canonical);
  const flags: DefinitionFlag[] = bytes > usualBytes ? [{ kind: 'oversized', path: '', detail: `${bytes} bytes` }] : [];
  for (const { path, text } of textsOf(JSON.parse(canonical), '')) {
    const hidden = hiddenIn(text);
    if (hidden.length > 0) flags.push({ kind: 'hidden_characters', path, detail: hidden.slice(0, 8).join(' ') });
    const found = instructionsIn(text);
    if (found.length > 0) flags.push({ kind: 'instructions', path, detail: found.join(' ') });
    if (flags.length >= maxFlags) break;
  }
  return flags;
}

/**
 * Yields every text, both values and the names of keys, as a model reads both. Definitions are at most 32 levels deep.
 */
function* textsOf(value: unknown, path: string): Generator<{ readonly path: string; readonly text: string }> {
  if (typeof value === 'string') yield { path, text: value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const place = path === '' ? key : `${path}.${key}`;
    if (!Array.isArray(value)) yield { path: place, text: key };
    yield* textsOf(inner, place);
  }
}
