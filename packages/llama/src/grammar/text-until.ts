import type { GrammarRules } from './grammar-rules.ts';
import { characterClass } from './strings-except.ts';

/**
 * A rule for any text up to and including `end`: an automaton that searches for `end`, with a rule for each number of
 * characters matched so far. Returns the rule's name; throws GrammarTooLarge.
 */
export function textUntil(rules: GrammarRules, end: string): string {
  const characters = [...end];
  const known = [...new Set(characters)];
  const names = characters.map(() => rules.reserve('until'));
  const others = `[^${known.map(characterClass).join('')}] ${names[0]}`;
  for (const [state, name] of names.entries()) {
    const steps = known.map((character) => {
      const next = longestBeginning(characters, [...characters.slice(0, state), character]);
      return `[${characterClass(character)}]${next === characters.length ? '' : ` ${names[next]}`}`;
    });
    rules.define(name, [...steps, others].join(' | '));
  }
  return names[0] ?? '""';
}

/** The length of the longest beginning of `whole` that `text` ends with. */
function longestBeginning(whole: readonly string[], text: readonly string[]): number {
  for (let length = Math.min(whole.length, text.length); length > 0; length -= 1) {
    if (whole.slice(0, length).every((character, index) => character === text[text.length - length + index]))
      return length;
  }
  return 0;
}
