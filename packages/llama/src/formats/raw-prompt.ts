import { EngineError } from '@latchkey/engine';
import { cutForTokenizer } from './prompt-pieces.ts';
import type { PromptText } from './prompt-text.ts';
import { unusedCharacter } from './prompt-tokens.ts';
import type { SpecialTexts } from './special-texts.ts';

/** The special tokens of a vocabulary that stand before the text before a gap, before the text after it, and after both. */
export interface GapMarkers {
  readonly before: string;
  readonly after: string;
  readonly end: string;
}

/** A prompt that no template is applied to. */
export interface RawPromptSource {
  readonly text: string;
  /** The text after the gap that the model fills. */
  readonly suffix?: string;
  /** Absent: the vocabulary has none. */
  readonly markers?: GapMarkers;
}

/**
 * Writes a prompt without a template. Its text is the whole context of its caller, so special tokens in it count; the
 * two sides of a gap are texts, and their special tokens do not. Throws EngineError `UNSUPPORTED_INPUT`.
 */
export function writeRawPrompt({ text, suffix, markers }: RawPromptSource, specials: SpecialTexts): PromptText {
  const unconstrained = { opened: '', grammars: {} };
  if (suffix === undefined) return { pieces: cutForTokenizer([text], specials), ...unconstrained };
  if (markers === undefined) {
    throw new EngineError(
      'UNSUPPORTED_INPUT',
      'The model cannot fill a gap between two texts: its vocabulary has no tokens for that. Leave the suffix out.',
      { field: 'suffix' },
    );
  }
  const mark = unusedCharacter(text + suffix + Object.values(markers).join(''));
  const asText = (side: string): readonly string[] => specials.breakUp(side, mark).split(mark);
  const texts = [markers.before, ...asText(text), markers.after, ...asText(suffix), markers.end];
  return { pieces: cutForTokenizer(texts, specials), ...unconstrained };
}
