import type { GgufFileInfo, LlamaModel, Token } from 'node-llama-cpp';
import { chatTemplateOf } from './chat-template-of.ts';
import { isMarker } from './user-tokens.ts';

/** The texts that must be broken up in untrusted parts of a prompt. */
export interface VocabularyTexts {
  /** The texts that the tokenizer turns into special tokens wherever they occur. */
  readonly specialTexts: readonly string[];
}

/** Reads the special tokens from the loaded model, which corrects what the file declares. */
export function readVocabulary(model: LlamaModel, file: GgufFileInfo): VocabularyTexts {
  const template = chatTemplateOf(file);
  const texts = file.metadata.tokenizer?.ggml?.tokens ?? [];
  const specialTexts: string[] = [];
  for (const token of model.iterateAllTokens()) {
    const attributes = model.getTokenAttributes(token);
    const text = texts[token] ?? '';
    const always = attributes.control || attributes.unknown;
    if (always || (attributes.userDefined && isMarker(text, template))) specialTexts.push(text);
  }
  return { specialTexts };
}

/** The number of tokens in a file; 0 for a file without a tokenizer. */
export const vocabularySizeOf = ({ metadata }: GgufFileInfo): number => metadata.tokenizer?.ggml?.tokens?.length ?? 0;

/** The tokens that end a turn: the model's own, and the beginnings of the texts that end one in place of a token. */
export function turnEndsOf(model: LlamaModel, stop: readonly string[]): readonly Token[] {
  const own = [...model.iterateAllTokens()].filter((token) => model.isEogToken(token));
  const written = stop.flatMap((text) => model.tokenize(text, false, 'trimLeadingSpace').slice(0, 1));
  return [...new Set([...own, ...written])];
}
