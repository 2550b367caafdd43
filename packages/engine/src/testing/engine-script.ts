import type { DecideRequest, Decider } from '../decision.ts';
import type { Embedder, EmbeddingInput, EmbedRequest } from '../embedding.ts';
import { EngineError } from '../engine-error.ts';
import type { EngineEvent, FinishReason, GenerateRequest, TokenUsage } from '../generation.ts';
import type { ModelDescription } from '../model.ts';

/** One turn of a scripted model: the events it plays, or a function that plays them. */
export type Turn =
  | readonly EngineEvent[]
  | ((request: GenerateRequest, signal: AbortSignal) => AsyncIterable<EngineEvent>);

/** Progress of the prompt; complete by default. */
export const progress = (processed = 5, total = 5): EngineEvent => ({ type: 'prompt.progress', processed, total });
/** A piece of the answer. */
export const message = (text: string): EngineEvent => ({ type: 'message.delta', text });
/** A piece of a thought. */
export const reasoning = (text: string): EngineEvent => ({ type: 'reasoning.delta', text });

/** The end of a turn. */
export const finish = (
  reason: FinishReason = 'stop',
  usage: Partial<TokenUsage> = {},
): Extract<EngineEvent, { type: 'finish' }> => ({
  type: 'finish',
  reason,
  usage: { promptTokens: 5, cachedTokens: 0, outputTokens: 2, reasoningTokens: 0, ...usage },
  timeToFirstTokenSeconds: 0.5,
  tokensPerSecond: 4,
});

/** The end of a turn that was aborted. */
export const interrupted = (usage: Partial<TokenUsage> = {}): EngineEvent => ({
  type: 'interrupted',
  usage: { promptTokens: 5, cachedTokens: 0, outputTokens: 2, reasoningTokens: 0, ...usage },
});

/** A call as a model writes it: its name, its arguments in two pieces, its end. */
export function call(name: string, args: Record<string, unknown> = {}, index = 0): readonly EngineEvent[] {
  const text = JSON.stringify(args);
  return [
    { type: 'tool_call.start', index, name },
    { type: 'tool_call.delta', index, text: text.slice(0, 1) },
    { type: 'tool_call.delta', index, text: text.slice(1) },
    { type: 'tool_call.end', index, name, arguments: args },
  ];
}

/** A turn that says a text. */
export const says = (text: string): Turn => [progress(), message(text), finish()];
/** A turn that calls one tool. */
export const callsTool = (name: string, args: Record<string, unknown> = {}): Turn => [
  progress(),
  ...call(name, args),
  finish('tool_calls'),
];

/** Resolves when the signal fires. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Emits a word and continues until its signal fires, as an engine does when its caller has disconnected. */
export async function* talksUntilAborted(_: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  yield progress();
  yield message('and ');
  await aborted(signal);
  yield interrupted();
}

/** The description of a small model, with changes. */
export const describedModel = (changes: Partial<ModelDescription> = {}): ModelDescription => ({
  architecture: 'llama',
  format: 'gguf',
  quantization: 'Q8_0',
  bitsPerWeight: 8,
  parameterCount: 2_900_000,
  displayName: 'Nano',
  maxContextLength: 2048,
  type: 'llm',
  capabilities: { vision: false, trainedForToolUse: true },
  ...changes,
});

const WORDS = ['Hello', ' and', ' welcome,', ' what', ' can', ' I', ' do', ' for', ' you?'];

/** The number of words of a conversation, for a script whose model has one token for each word. */
export const countWords = ({ messages }: GenerateRequest): number => JSON.stringify(messages).split(/\W+/).length;

/** Answers in nine words of one token each. As in an engine, the request limits the answer and its signal ends it. */
export async function* answersInWords(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  const promptTokens = countWords(request);
  if (promptTokens > 1000) throw new EngineError('CONTEXT_EXCEEDED', 'The conversation is too long.');
  yield progress(promptTokens, promptTokens);
  let text = '';
  let outputTokens = 0;
  for (const word of WORDS) {
    if (signal.aborted) return yield interrupted({ promptTokens, outputTokens });
    outputTokens += 1;
    const stopString = request.stop.find((stop) => stop !== '' && (text + word).includes(stop));
    const end = stopString === undefined ? text.length + word.length : (text + word).indexOf(stopString);
    if (end > text.length) yield message((text + word).slice(text.length, end));
    text += word;
    if (stopString !== undefined) return yield { ...finish('stop_string', { promptTokens, outputTokens }), stopString };
    if (outputTokens === request.maxOutputTokens) return yield finish('length', { promptTokens, outputTokens });
  }
  yield finish('stop', { promptTokens, outputTokens });
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const MOST_WORDS = 1000;

/** Makes the vector of a text of how often each letter occurs in it; a word is a token. */
export const countsLetters: Embedder = {
  embed: async (request, signal) => {
    if (signal.aborted) return { vectors: [], promptTokens: 0 };
    const texts = request.inputs.map((input) => fitting(input, request.tooLong));
    return { vectors: texts.map(letterVector), promptTokens: wordsOf(request) };
  },
  count: async (request) => wordsOf(request),
};

const wordsOf = ({ inputs }: EmbedRequest): number =>
  inputs.reduce((sum, input) => sum + (typeof input === 'string' ? input.split(/\s+/) : input).length, 0);

function fitting(input: EmbeddingInput, tooLong: EmbedRequest['tooLong']): string {
  const words = typeof input === 'string' ? input.split(/\s+/) : input.map((token) => LETTERS[token] ?? '');
  if (words.length > MOST_WORDS && tooLong === 'refuse') {
    throw new EngineError('CONTEXT_EXCEEDED', 'An input is too long.', { field: 'inputs' });
  }
  return words.slice(0, MOST_WORDS).join(' ');
}

function letterVector(text: string): Float32Array {
  const counts = [...LETTERS].map((letter) => text.split(letter).length - 1);
  const length = Math.hypot(...counts) || 1;
  return Float32Array.from(counts, (count) => count / length);
}

/** Finds an option the more probable, the more often the state names it; a word is a token. */
export const countsMentions: Decider = {
  decide: async (request, signal) => {
    const promptTokens = wordsAsked(request);
    if (promptTokens > MOST_WORDS)
      throw new EngineError('CONTEXT_EXCEEDED', 'The state is too long.', { field: 'state' });
    if (signal.aborted) return { probabilities: [], promptTokens: 0, cachedTokens: 0 };
    const probabilities = request.questions.map(({ options }) => {
      const mentions = options.map(({ text }) => request.state.split(text).length);
      const all = mentions.reduce((sum, count) => sum + count, 0);
      return mentions.map((count) => count / all);
    });
    return { probabilities, promptTokens, cachedTokens: 0 };
  },
  count: async (request, signal) => {
    signal.throwIfAborted();
    return wordsAsked(request);
  },
};

const wordsAsked = ({ state, questions }: DecideRequest): number =>
  [state, ...questions.flatMap(({ instructions = '', options }) => [instructions, ...options.map(({ text }) => text)])]
    .flatMap((text) => text.split(/\s+/))
    .filter((word) => word !== '').length;
