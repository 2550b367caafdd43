/** What a tool does to its surroundings, as its server says. */
export type ToolEffect = 'readOnly' | 'additive' | 'destructive';

/**
 * Reads the annotations of a definition. What is not said is the unsafe case, as in the protocol: a tool is destructive
 * unless its server says that it changes nothing (`readOnlyHint`) or only adds (`destructiveHint: false`).
 */
export function readEffect(annotations: unknown): ToolEffect {
  const { readOnlyHint, destructiveHint } = Object(annotations) as Record<string, unknown>;
  if (readOnlyHint === true) return 'readOnly';
  return destructiveHint === false ? 'additive' : 'destructive';
}
