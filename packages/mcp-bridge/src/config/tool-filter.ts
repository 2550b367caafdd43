import type { ToolFilter } from './mcp-config.ts';

/** Whether the mcp.json leaves a tool in. `exclude` takes precedence over `include`. */
export function filterAllows({ include, exclude = [] }: ToolFilter, tool: string): boolean {
  const isNamed = (patterns: readonly string[]): boolean => patterns.some((pattern) => matches(pattern, tool));
  return !isNamed(exclude) && (include === undefined || isNamed(include));
}

/**
 * Returns the names of a filter that match no tool of the server: a mistyped exclusion leaves its tool on offer.
 *
 * @param tools the names of all tools of the server
 */
export function unmatchedNames(
  { include = [], exclude = [] }: ToolFilter,
  tools: readonly string[],
): readonly string[] {
  const isMatched = (pattern: string): boolean => tools.some((tool) => matches(pattern, tool));
  // `mcp__files__delete` is in the list as `delete`, too: one of the two is enough, and the first is what was written.
  const plainOf = (name: string): readonly string[] =>
    exclude.filter((other) => name.endsWith(other) && SEAM.test(name.slice(0, -other.length)));
  const isPlain = (name: string): boolean => exclude.some((other) => plainOf(other).includes(name));
  return [
    ...include.filter((name) => !isMatched(name)),
    ...exclude.filter((name) => !isPlain(name) && ![name, ...plainOf(name)].some(isMatched)),
  ];
}

const SEAM = /(?:__|[./:])$/;

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
