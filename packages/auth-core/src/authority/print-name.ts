/**
 * Makes a name that a stranger chose fit for one line of a message or log: at most 120 characters, and nothing but
 * what can be seen.
 */
export function printName(name: string): string {
  const visible = name.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '?');
  return visible.length > 120 ? `${visible.slice(0, 119)}…` : visible;
}
