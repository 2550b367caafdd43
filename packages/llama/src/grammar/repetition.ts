import { type GrammarRules, GrammarTooLarge } from './grammar-rules.ts';
import { count, REPETITION_LIMIT } from './lengths.ts';

/** The longest repetition that a grammar counts. */
const MOST_COUNTED = 32_768;

/**
 * A rule body for `least` to `most` times `item`. llama.cpp expands each counted repetition, so long ones are made of
 * blocks. Throws GrammarTooLarge beyond what can be counted.
 */
export function repeat(rules: GrammarRules, item: string, least: number, most: number): string {
  if (most <= 0) return '""';
  const isOpen = most === Number.POSITIVE_INFINITY;
  if (least > MOST_COUNTED || (!isOpen && most > MOST_COUNTED)) {
    throw new GrammarTooLarge(`more than ${MOST_COUNTED} characters or items are counted`);
  }
  if (least <= REPETITION_LIMIT && (isOpen || most <= REPETITION_LIMIT)) {
    return `(${item}){${least},${isOpen ? '' : most}}`;
  }
  const block = rules.add('block', `(${item}){${REPETITION_LIMIT}}`);
  const blocks = Math.floor(least / REPETITION_LIMIT);
  const first = `${block} `.repeat(blocks);
  const rest = least - blocks * REPETITION_LIMIT;
  if (isOpen) return `${first}(${item}){${rest},}`;
  // What may follow, from the end to the beginning: each level has one block more.
  const spare = most - blocks * REPETITION_LIMIT;
  let level = rules.add('up-to', `(${item}){0,${spare % REPETITION_LIMIT}}`);
  const levels = Math.floor(spare / REPETITION_LIMIT);
  for (let count = 0; count < levels; count += 1) {
    const begins = count === levels - 1 ? rest : 0;
    level = rules.add('up-to', `${block} ${level} | (${item}){${begins},${REPETITION_LIMIT - 1}}`);
  }
  if (levels === 0) return `${first}(${item}){${rest},${spare}}`;
  return `${first}${level}`;
}

/** The limit of a keyword as far as it is counted; a larger one is reported to the rules. */
export function countable(rules: GrammarRules, keyword: string, limit: unknown): number {
  const most = count(limit) ?? Number.POSITIVE_INFINITY;
  if (most <= MOST_COUNTED || most === Number.POSITIVE_INFINITY) return most;
  rules.leave(keyword);
  return Number.POSITIVE_INFINITY;
}
