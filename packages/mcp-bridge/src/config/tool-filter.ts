import type { ToolFilter } from './mcp-config.ts';

/** Whether the mcp.json leaves a tool in. `exclude` takes precedence over `include`. */
export function filterAllows({ include, exclude = [] }: ToolFilter, tool: string): boolean {
  const isNamed = (patterns: readonly string[]): boolean => patterns.some((pattern) => matches(pattern, tool));
  return !isNamed(exclude) && (include === undefined || isNamed(include));
}

/**
 * Whether a name matches a pattern completely; `*` stands for any run of characters. Each piece between two stars is
 * matched at its first occurrence, so matching takes at most the product of the two lengths.
 */
function matches(pattern: string, name: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return name === pattern;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  const middle = name.slice(first.length, name.length - last.length);
  let from = 0;
  return pieces.slice(1, -1).every((piece) => {
    const at = middle.indexOf(piece, from);
    from = at + piece.length;
    return at >= 0;
  });
}
