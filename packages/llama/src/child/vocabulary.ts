import type { GgufFileInfo, LlamaModel } from 'node-llama-cpp';

/** What a prompt's safety depends on. */
export interface VocabularyTexts {
  /** The texts that the tokenizer turns into tokens of their own wherever they stand. */
  readonly specialTexts: readonly string[];
}

/**
 * User-defined tokens are often words or runs of spaces that somebody added for good compression; breaking those up
 * would only make the text harder to read for the model. What marks something looks like markup.
 */
const MARKUP = /[<>[\]{}|]/;

/** Reads the special tokens from the loaded model, which has corrected what the file says of them. */
export function readVocabulary(model: LlamaModel, file: GgufFileInfo): VocabularyTexts {
  const texts = file.metadata.tokenizer?.ggml?.tokens ?? [];
  const specialTexts: string[] = [];
  for (const token of model.iterateAllTokens()) {
    const attributes = model.getTokenAttributes(token);
    const text = texts[token] ?? '';
    const always = attributes.control || attributes.unknown;
    if (always || (attributes.userDefined && MARKUP.test(text))) specialTexts.push(text);
  }
  return { specialTexts };
}
