import type { GgufFileInfo, LlamaModel } from 'node-llama-cpp';
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
