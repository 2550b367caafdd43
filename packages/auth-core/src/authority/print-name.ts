/**
 * Makes an untrusted name safe for one line of a message or log: at most 120 characters, and only visible ones.
 */
export function printName(name: string): string {
  const visible = name.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '?');
  return visible.length > 120 ? `${visible.slice(0, 119)}…` : visible;
}
