import type { EngineEvent, FinishReason, GenerateRequest, TokenUsage } from '../generation.ts';
import type { ModelDescription } from '../model.ts';

/** One turn of a scripted model: the events it plays, or a function that plays them. */
export type Turn =
  | readonly EngineEvent[]
  | ((request: GenerateRequest, signal: AbortSignal) => AsyncIterable<EngineEvent>);

/** The prompt has been taken. */
export const progress = (processed = 5, total = 5): EngineEvent => ({ type: 'prompt.progress', processed, total });
/** A piece of the answer. */
export const message = (text: string): EngineEvent => ({ type: 'message.delta', text });
/** A piece of a thought. */
export const reasoning = (text: string): EngineEvent => ({ type: 'reasoning.delta', text });

/** The end of a turn. */
export const finish = (reason: FinishReason = 'stop', usage: Partial<TokenUsage> = {}): EngineEvent => ({
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
    { type: 'toolCall.start', index, name },
    { type: 'toolCall.delta', index, text: text.slice(0, 1) },
    { type: 'toolCall.delta', index, text: text.slice(1) },
    { type: 'toolCall.end', index, name, arguments: args },
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

/** Says a word and goes on until it is told to stop, as an engine does whose caller went away. */
export async function* talksUntilAborted(_: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  yield progress();
  yield message('and ');
  await aborted(signal);
  yield interrupted();
}

/** What a small model says of itself, with changes. */
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
