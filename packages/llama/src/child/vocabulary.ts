import type { GgufFileInfo, LlamaModel } from 'node-llama-cpp';

/** The texts that must be broken up in untrusted parts of a prompt. */
export interface VocabularyTexts {
  /** The texts that the tokenizer turns into special tokens wherever they occur. */
  readonly specialTexts: readonly string[];
}

/**
 * User-defined tokens are often words or runs of spaces that were added for good compression; breaking those up would
 * only make the text harder to read for the model. Tokens that are markers look like markup.
 */
const MARKUP = /[<>[\]{}|]/;

/** Reads the special tokens from the loaded model, which corrects what the file declares. */
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
