import type { GenerateRequest } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import type { Token } from 'node-llama-cpp';
import type { GapMarkers } from '../formats/raw-prompt.ts';
import type { TurnGrammarTexts } from '../grammar/turn-grammars.ts';
import type { NativeModel } from './native-model.ts';
import { requireTokens } from './require-tokens.ts';

/** A prompt, ready to be evaluated. */
export interface Prompt {
  readonly tokens: Token[];
  /** What the tokens were made of; empty for a prompt of tokens. */
  readonly text: string;
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
  native: NativeModel,
  request: GenerateRequest,
  limit: number,
  signal: AbortSignal,
): Promise<Prompt | undefined> {
  const { model, prompts } = native;
  const { text: raw, ...rest } = request.prompt ?? {};
  if (typeof raw === 'object') return tokensAsTheyAre(native, raw);
  const text = await (raw === undefined
    ? prompts.prepare(request, signal)
    : prompts.prepareRaw({ text: raw, ...rest, ...markersOf(native) }, signal));
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
  if (tokens.length === 0) throw new EngineError('INVALID_REQUEST', 'The prompt has no tokens.', { field: 'prompt' });
  const written = text.pieces.map((piece) => piece.text).join('');
  return { tokens, text: written, opened: text.opened, grammars: text.grammars };
}

/** Throws EngineError `INVALID_REQUEST` for a token that the vocabulary lacks. */
function tokensAsTheyAre({ vocabularySize }: NativeModel, ids: readonly number[]): Prompt {
  return { tokens: requireTokens(ids, vocabularySize, 'prompt'), text: '', opened: '', grammars: {} };
}

function markersOf({ model }: NativeModel): { readonly markers?: GapMarkers } {
  const { prefixString: before, suffixString: after, middleString: end } = model.tokens.infill;
  return before === null || after === null || end === null ? {} : { markers: { before, after, end } };
}

/** @param tokens the number of tokens of the tokenised part of the conversation */
export function exceeded(tokens: number, limit: number): EngineError {
  return new EngineError(
    'CONTEXT_EXCEEDED',
    `The conversation has at least ${tokens} tokens and leaves no room for an answer in a context of ${limit}. Shorten it, or load the model with a longer context.`,
  );
}
