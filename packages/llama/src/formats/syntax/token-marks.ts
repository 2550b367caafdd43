import type { SpecialTexts } from '../special-texts.ts';

/**
 * Stands in front of a text that came as one of the vocabulary's special tokens. A marker that has such a token counts
 * only as the token: the same characters, written one by one, are text.
 */
export const TOKEN_MARK = '\ufdd0';

/** `text` with the mark in front of each special text in it. */
export function markTokens(text: string, specials: SpecialTexts): string {
  return specials
    .split(text)
    .map(({ text: part, special }) => (special ? TOKEN_MARK + part : part))
    .join('');
}

/** The special texts in the texts of a record, however deep. */
export function specialsIn(value: unknown, specials: SpecialTexts): string[] {
  if (typeof value === 'string') return specials.split(value).flatMap(({ text, special }) => (special ? [text] : []));
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap((item) => specialsIn(item, specials)))];
}

/** The same for every text in a record, however deep. */
export function markAll<T>(value: T, specials: SpecialTexts): T {
  if (typeof value === 'string') return markTokens(value, specials) as T;
  if (Array.isArray(value)) return value.map((item) => markAll(item, specials)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, markAll(item, specials)])) as T;
}

export function withoutMarks(text: string): string {
  return text.includes(TOKEN_MARK) ? text.replaceAll(TOKEN_MARK, '') : text;
}
