import { type DecideRequest, type DecisionQuestion, EngineError } from '@latchkey/engine';
import type { Token } from 'node-llama-cpp';
import type { PromptPiece } from '../formats/prompt-pieces.ts';
import type { NativeModel } from './native-model.ts';
import { OptionTree } from './option-tree.ts';

/** A question, ready to be evaluated. */
export interface DecisionPrompt {
  readonly tokens: Token[];
  readonly tree: OptionTree;
}

/** The questions of a request, ready to be evaluated. */
export interface DecisionPrompts {
  readonly questions: readonly DecisionPrompt[];
  /** How many tokens all of them begin with: the state, and what precedes it. */
  readonly shared: number;
  /** The tokens that all of them have together, the shared ones once. */
  readonly total: number;
}

/**
 * Renders and tokenises the questions of a request as `buildPrompt` does a conversation. Undefined when `signal` fires.
 * Throws EngineError as `PromptThread.prepareDecision` does, `CONTEXT_EXCEEDED` for a question that does not fit, and
 * `INVALID_REQUEST` for options that cannot be told apart.
 */
export async function buildDecision(
  native: NativeModel,
  { state, questions }: DecideRequest,
  signal: AbortSignal,
): Promise<DecisionPrompts | undefined> {
  questions.forEach(requireOptions);
  const limit = native.contextLength;
  const known = new Map<string, readonly Token[]>();
  const built: DecisionPrompt[] = [];
  for (const question of questions) {
    const text = await native.prompts.prepareDecision({ state, question }, signal);
    if (text === undefined) return undefined;
    const tokens = await tokenize(native, text.prompt, { limit, known });
    const { bos, shouldPrependBosToken } = native.model.tokens;
    if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
    if (tokens.length > limit) throw exceeded(tokens.length, limit);
    const answers: Token[][] = [];
    for (const pieces of text.options) answers.push(await tokenize(native, pieces, { limit }));
    const tree = new OptionTree(answers);
    if (tokens.length + tree.depth > limit) throw exceeded(tokens.length + tree.depth, limit);
    built.push({ tokens, tree });
    await new Promise(setImmediate);
    if (signal.aborted) return undefined;
  }
  const shared = sharedBeginning(built);
  const total = built.reduce((sum, { tokens, tree }) => sum + tokens.length - shared + tree.size, shared);
  return { questions: built, shared, total };
}

function requireOptions({ options }: DecisionQuestion, index: number): void {
  const texts = new Set(options.map(({ text }) => text));
  if (texts.size === options.length && !texts.has('') && texts.size > 0) return;
  throw new EngineError('INVALID_REQUEST', `The options of question ${index + 1} are empty or not different.`, {
    field: 'questions',
  });
}

/** At most one piece beyond `limit`; long pieces that were tokenised before are taken from `known`. */
async function tokenize(
  { model }: NativeModel,
  pieces: readonly PromptPiece[],
  { limit, known }: { readonly limit: number; readonly known?: Map<string, readonly Token[]> },
): Promise<Token[]> {
  const tokens: Token[] = [];
  for (const { text, continues } of pieces) {
    const read = known?.get(text) ?? model.tokenize(text, true, continues ? 'trimLeadingSpace' : undefined);
    // The first piece of a prompt is tokenised differently from an equal one that follows.
    if (continues) known?.set(text, read);
    tokens.push(...read);
    if (tokens.length > limit) break;
    if (pieces.length > 1) await new Promise(setImmediate);
  }
  return tokens;
}

/** The last token of a prompt is not shared: it is evaluated for each question. */
function sharedBeginning([first, ...others]: readonly DecisionPrompt[]): number {
  let shared = (first?.tokens.length ?? 1) - 1;
  for (const { tokens } of others) {
    shared = Math.min(shared, tokens.length - 1);
    const end = tokens.findIndex((token, index) => index >= shared || token !== first?.tokens[index]);
    if (end >= 0) shared = Math.min(shared, end);
  }
  return shared;
}

function exceeded(tokens: number, limit: number): EngineError {
  return new EngineError(
    'CONTEXT_EXCEEDED',
    `The state and a question have at least ${tokens} tokens; the context has ${limit}. Shorten them, or load the model with a longer context.`,
    { field: 'state' },
  );
}
