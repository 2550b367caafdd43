import type { GenerateRequest } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import type { Token } from 'node-llama-cpp';
import type { TurnGrammarTexts } from '../grammar/turn-grammars.ts';
import type { NativeModel } from './native-model.ts';

/** A prompt, ready to be evaluated. */
export interface Prompt {
  readonly tokens: Token[];
  /** The part of the model's turn that it already contains. */
  readonly opened: string;
  readonly grammars: TurnGrammarTexts;
}

/**
 * Renders and tokenises a conversation without blocking other streams: it is rendered in a separate thread and
 * tokenised in pieces, at most one piece beyond `limit`. Undefined when `signal` fires.
 * Throws EngineError as `PromptThread.prepare` does.
 */
export async function buildPrompt(
  { model, prompts }: NativeModel,
  request: GenerateRequest,
  limit: number,
  signal: AbortSignal,
): Promise<Prompt | undefined> {
  const text = await prompts.prepare(request, signal);
  if (text === undefined) return undefined;
  const tokens: Token[] = [];
  for (const { text: piece, continues } of text.pieces) {
    tokens.push(...model.tokenize(piece, true, continues ? 'trimLeadingSpace' : undefined));
    if (tokens.length > limit) break;
    await new Promise(setImmediate);
    if (signal.aborted) return undefined;
  }
  const { bos, shouldPrependBosToken } = model.tokens;
  if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
  return { tokens, opened: text.opened, grammars: text.grammars };
}

/** @param tokens the number of tokens of the tokenised part of the conversation */
export function exceeded(tokens: number, limit: number): EngineError {
  return new EngineError(
    'CONTEXT_EXCEEDED',
    `The conversation has at least ${tokens} tokens and leaves no room for an answer in a context of ${limit}. Shorten it, or load the model with a longer context.`,
  );
}
