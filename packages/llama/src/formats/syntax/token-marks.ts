import type { SpecialTexts } from '../special-texts.ts';

/**
 * Precedes a text that was generated as one of the vocabulary's special tokens. A marker that has such a token counts
 * only as that token: the same characters as ordinary tokens are text.
 */
export const TOKEN_MARK = '\ufdd0';

/** `text` with the mark in front of each special text in it. */
export function markTokens(text: string, specials: SpecialTexts): string {
  return specials
    .split(text)
    .map(({ text: part, special }) => (special ? TOKEN_MARK + part : part))
    .join('');
}

/** The special texts in all texts of a record, at any depth. */
export function specialsIn(value: unknown, specials: SpecialTexts): string[] {
  if (typeof value === 'string') return specials.split(value).flatMap(({ text, special }) => (special ? [text] : []));
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap((item) => specialsIn(item, specials)))];
}

/** The same for every text in a record, at any depth. */
export function markAll<T>(value: T, specials: SpecialTexts): T {
  if (typeof value === 'string') return markTokens(value, specials) as T;
  if (Array.isArray(value)) return value.map((item) => markAll(item, specials)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, markAll(item, specials)])) as T;
}

export function withoutMarks(text: string): string {
  return text.includes(TOKEN_MARK) ? text.replaceAll(TOKEN_MARK, '') : text;
}
