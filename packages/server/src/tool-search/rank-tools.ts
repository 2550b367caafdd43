/** What is known of a tool before it is called. */
export interface RankedTool {
  readonly name: string;
  readonly description?: string;
  /** A JSON Schema of type `object`. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Finds the tools that fit a wish in words, the best first. */
export type RankTools<T> = (wish: string, most: number) => readonly T[];

// The usual constants of Okapi BM25: how fast a repeated word counts less, and how much long texts count less.
const SATURATION = 1.2;
const LENGTH_SHARE = 0.75;
/** A word of the name says more of a tool than one in its description. */
const NAME_WEIGHT = 3;
/** Longer wishes are not read to their end: each word is looked up in every tool. */
const WISH_CHARACTERS = 2000;

/**
 * Ranks tools by BM25 over their names, descriptions, and the names and descriptions of their parameters. The order
 * depends on the tools and the wish alone; of two that fit alike, the earlier one comes first. A tool that has no word of
 * the wish is not found.
 */
export function rankTools<T extends RankedTool>(tools: readonly T[]): RankTools<T> {
  const counted = tools.map((tool) => ({ tool, ...countWords(tool) }));
  const meanLength = counted.reduce((sum, { length }) => sum + length, 0) / Math.max(1, counted.length);
  const having = new Map<string, number>();
  for (const { counts } of counted) for (const word of counts.keys()) having.set(word, (having.get(word) ?? 0) + 1);
  const rarity = (word: string): number => {
    const tools = having.get(word) ?? 0;
    return Math.log(1 + (counted.length - tools + 0.5) / (tools + 0.5));
  };
  return (wish, most) => {
    const short = wish.slice(0, WISH_CHARACTERS);
    const wanted = [...new Set(wordsOf(short))].map((word) => ({ word, weight: rarity(word) }));
    const scored = counted.map(({ tool, counts, length }) => {
      const damping = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * (length / meanLength));
      const score = wanted.reduce((sum, { word, weight }) => {
        const count = counts.get(word) ?? 0;
        return sum + weight * ((count * (SATURATION + 1)) / (count + damping));
      }, 0);
      // Who knows the name wants that tool, and not one that is named alike.
      return { tool, score: tool.name === wish.trim() ? Infinity : score };
    });
    return scored
      .filter(({ score }) => score > 0)
      .sort((a, b) => (a.score === b.score ? 0 : b.score - a.score))
      .slice(0, most)
      .map(({ tool }) => tool);
  };
}

function countWords({ name, description = '', parameters }: RankedTool): {
  readonly counts: ReadonlyMap<string, number>;
  readonly length: number;
} {
  const counts = new Map<string, number>();
  let length = 0;
  const add = (text: string, weight: number): void => {
    for (const word of wordsOf(text)) {
      counts.set(word, (counts.get(word) ?? 0) + weight);
      length += weight;
    }
  };
  add(name, NAME_WEIGHT);
  add(description, 1);
  for (const text of proseOf(parameters)) add(text, 1);
  return { counts, length };
}

/** The names and descriptions of all parameters, at any depth. */
function* proseOf(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'description' || key === 'title') {
      if (typeof value === 'string') yield value;
    } else if (key === 'properties' && typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        yield name;
        yield* proseOf(inner);
      }
    } else if (key === 'enum' && Array.isArray(value)) {
      for (const choice of value) if (typeof choice === 'string') yield choice;
    } else yield* proseOf(value);
  }
}

/** Scripts that are written without spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** The words of a text, also of `camelCase` and `snake_case`, without regard to case and to an s at the end. */
function wordsOf(text: string): readonly string[] {
  const spaced = text.normalize('NFKC').replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2');
  const words = spaced.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.flatMap((word) => (UNSPACED.test(word) ? pairsOf(word) : [singular(word)]));
}

/** Each two neighbouring characters, which stand for words. */
function pairsOf(text: string): readonly string[] {
  const characters = [...text];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

const singular = (word: string): string => (/[^s]s$/.test(word) && word.length > 3 ? word.slice(0, -1) : word);
