import type { SpecialTexts } from './special-texts.ts';

/** A part of a prompt that is tokenised separately. */
export interface PromptPiece {
  readonly text: string;
  /** Whether text precedes it, so that a vocabulary that adds a leading space must not do so. */
  readonly continues: boolean;
}

/** The longest piece in characters. Tokenising it blocks everything else for a few hundredths of a second. */
const PIECE_LENGTH = 16_384;
/** How far back to search for a place where a cut changes no token. */
const SEARCH_LENGTH = 4096;

/**
 * Cuts texts into pieces short enough to be tokenised between other work. The cut is before a space or line break that
 * follows a letter or digit: there, a vocabulary begins a new token, and no special text is split.
 */
export function cutForTokenizer(texts: readonly string[], specials: SpecialTexts): PromptPiece[] {
  const pieces: PromptPiece[] = [];
  texts.forEach((text, index) => {
    for (let start = 0; start < text.length; ) {
      const end = start + PIECE_LENGTH >= text.length ? text.length : cutBefore(text, start + PIECE_LENGTH, specials);
      pieces.push({ text: text.slice(start, end), continues: index > 0 || start > 0 });
      start = end;
    }
  });
  return pieces;
}

/** A text without such a place, such as one long number, is cut at the limit, but not within a character. */
function cutBefore(text: string, most: number, specials: SpecialTexts): number {
  for (let cut = most; cut > most - SEARCH_LENGTH; cut -= 1) {
    const next = text[cut];
    if ((next === ' ' || next === '\n') && /[\p{L}\p{N}]/u.test(text[cut - 1] ?? '') && !specials.spans(text, cut)) {
      return cut;
    }
  }
  let cut = most;
  while (cut > most - SEARCH_LENGTH && specials.spans(text, cut)) cut -= 1;
  return /[\ud800-\udbff]/.test(text[cut - 1] ?? '') ? cut - 1 : cut;
}
