/** Hidden characters: all but letters, signs and the blank, and those of them that are selectors or fillers. */
const UNSEEN = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|[\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * Makes an untrusted name safe for one line of a message or log: at most 120 characters, and only visible ones.
 */
export function printName(name: string): string {
  const visible = name.replace(UNSEEN, '?');
  return visible.length > 120 ? `${visible.slice(0, 119)}…` : visible;
}
