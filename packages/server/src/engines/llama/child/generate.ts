import type { Token } from 'node-llama-cpp';
import type { EngineEvent, GenerateRequest } from '../../../contracts/inference-engine.ts';
import { ServerError } from '../../../contracts/server-error.ts';
import { OutputParser } from '../formats/output-parser.ts';
import { Answer } from './answer.ts';
import type { NativeModel } from './native-model.ts';
import { prefill } from './prefill.ts';
import { buildPrompt, type Prompt, shownTools } from './prompt.ts';
import { createSampler } from './sampling.ts';
import type { SlotLease } from './sequence-pool.ts';
import { TokenTextStream } from './token-text.ts';
import { TurnGrammar } from './turn-grammar.ts';

/**
 * Runs one turn of the assistant. Returns early, without `finish`, when `signal` fires.
 * Throws ServerError `CONTEXT_EXCEEDED`, `UNSUPPORTED_REASONING`, `UNSUPPORTED_INPUT`.
 */
export async function generate(
  model: NativeModel,
  request: GenerateRequest,
  signal: AbortSignal,
  emit: (event: EngineEvent) => void,
): Promise<void> {
  const prompt = buildPrompt(model, request);
  const room = roomForAnswer(model, request, prompt);
  const lease = await model.pool.take(prompt.tokens, request.cacheScope);
  try {
    await runTurn({ model, request, prompt, room, lease, signal, emit });
  } finally {
    model.batching.stopWriting(lease.slot.index);
    model.pool.give(lease.slot);
  }
}

/** How many tokens the answer may have. The context is never shifted: what no longer fits ends the answer. */
function roomForAnswer(model: NativeModel, request: GenerateRequest, prompt: Prompt): number {
  const limit = Math.min(request.contextLength ?? Number.POSITIVE_INFINITY, model.contextLength);
  const room = limit - prompt.tokens.length;
  if (room < 1) {
    throw new ServerError(
      'CONTEXT_EXCEEDED',
      `The conversation has ${prompt.tokens.length} tokens and leaves no room for an answer in a context of ${limit}. Shorten it, or load the model with a longer context.`,
    );
  }
  return Math.min(room, request.maxOutputTokens ?? Number.POSITIVE_INFINITY);
}

interface Turn {
  readonly model: NativeModel;
  readonly request: GenerateRequest;
  readonly prompt: Prompt;
  readonly room: number;
  readonly lease: SlotLease;
  readonly signal: AbortSignal;
  readonly emit: (event: EngineEvent) => void;
}

async function runTurn({ model, request, prompt, room, lease, signal, emit }: Turn): Promise<void> {
  const { slot, cachedTokens } = lease;
  const { format } = model.chosen;
  const priority = model.batching.priorityOf(slot.index);
  const total = prompt.tokens.length;
  const started = performance.now();
  emit({ type: 'prompt.progress', processed: cachedTokens, total });
  await prefill(slot.sequence, prompt.tokens.slice(cachedTokens, -1), {
    priority,
    batchSize: model.batchSize,
    signal,
    onProgress: (evaluated) => emit({ type: 'prompt.progress', processed: cachedTokens + evaluated, total }),
  });
  if (signal.aborted) return;

  const parser = new OutputParser({
    reasoningOpen: prompt.reasoningOpen,
    callOpen: prompt.callOpen,
    ...(shownTools(request).length === 0 ? {} : { calls: format.calls }),
  });
  const answer = new Answer(parser, request.stop, format.stop, emit);
  const grammar = new TurnGrammar(model, request, prompt, parser);
  const text = new TokenTextStream(model.texts);
  const sampler = createSampler(request.sampling);
  const generationStarted = performance.now();
  let firstTokenAt = 0;
  let outputTokens = 0;
  let reasoningTokens = 0;
  let cutShort = room === 0;

  model.batching.startWriting(slot.index);
  const tokens = slot.sequence.evaluateWithMetadata(
    prompt.tokens.slice(-1) as [Token],
    {},
    {
      ...sampler.options,
      evaluationPriority: priority,
      grammarEvaluationState: () => grammar.state(),
    },
  );
  for await (const { token } of tokens) {
    if (signal.aborted) return;
    if (outputTokens === 0) {
      firstTokenAt = performance.now();
      emit({ type: 'prompt.progress', processed: total, total });
    }
    outputTokens += 1;
    if (parser.place === 'reasoning') reasoningTokens += 1;
    sampler.remember(token);
    answer.read(text.read(token));
    cutShort = outputTokens >= room;
    if (answer.stopped || cutShort) break;
  }
  answer.read(text.end());
  const reason = answer.end(cutShort);
  const ended = performance.now();
  emit({
    type: 'finish',
    reason,
    usage: { promptTokens: total, cachedTokens, outputTokens, reasoningTokens },
    timeToFirstTokenSeconds: ((firstTokenAt || ended) - started) / 1000,
    tokensPerSecond: outputTokens === 0 ? 0 : (outputTokens * 1000) / (ended - generationStarted),
  });
}
