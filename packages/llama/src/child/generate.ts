import type { EngineEvent, GenerateRequest, TokenUsage } from '@latchkey/engine';
import type { Token } from 'node-llama-cpp';
import { createTurnParser } from '../formats/create-turn-parser.ts';
import { RawTurnParser } from '../formats/raw-turn-parser.ts';
import { Answer } from './answer.ts';
import type { NativeModel } from './native-model.ts';
import { prefill } from './prefill.ts';
import { buildPrompt, exceeded, type Prompt } from './prompt.ts';
import { createSampler } from './sampling.ts';
import type { SlotLease } from './sequence-pool.ts';
import { TokenTextStream } from './token-text.ts';
import { TurnGrammar } from './turn-grammar.ts';

/**
 * Runs one turn of the assistant. It ends with `finish`, or, when `signal` fires or the turn fails, with `interrupted`:
 * usage is what was computed, not what was sent.
 * Throws EngineError `CONTEXT_EXCEEDED`, `UNSUPPORTED_REASONING`, `UNSUPPORTED_INPUT`, `INVALID_REQUEST`.
 */
export async function generate(
  model: NativeModel,
  request: GenerateRequest,
  signal: AbortSignal,
  emit: (event: EngineEvent) => void,
): Promise<void> {
  const limit = model.contextLength;
  const prompt = await buildPrompt(model, request, limit, signal);
  if (prompt === undefined) return;
  const room = roomForAnswer(request, prompt, limit);
  const lease = await model.pool.take(prompt.tokens, request.cacheScope);
  const count = new TurnCount(lease.cachedTokens);
  try {
    await runTurn({ model, request, prompt, room, lease, count, signal, emit });
  } finally {
    model.batching.stopWriting(lease.slot.index);
    model.pool.give(lease.slot);
    if (!count.finished) emit({ type: 'interrupted', usage: count.usage });
  }
}

/** How many tokens the answer may have. The context is never shifted: the answer ends when the context is full. */
function roomForAnswer(request: GenerateRequest, prompt: Prompt, limit: number): number {
  const room = limit - prompt.tokens.length;
  if (room < 1) throw exceeded(prompt.tokens.length, limit);
  return Math.min(room, request.maxOutputTokens ?? Number.POSITIVE_INFINITY);
}

/** The numbers of tokens that a turn has computed so far. */
class TurnCount {
  promptTokens: number;
  outputTokens = 0;
  reasoningTokens = 0;
  finished = false;
  readonly #cachedTokens: number;

  constructor(cachedTokens: number) {
    this.#cachedTokens = cachedTokens;
    this.promptTokens = cachedTokens;
  }

  get usage(): TokenUsage {
    const { promptTokens, outputTokens, reasoningTokens } = this;
    return { promptTokens, cachedTokens: this.#cachedTokens, outputTokens, reasoningTokens };
  }
}

interface Turn {
  readonly model: NativeModel;
  readonly request: GenerateRequest;
  readonly prompt: Prompt;
  readonly room: number;
  readonly lease: SlotLease;
  readonly count: TurnCount;
  readonly signal: AbortSignal;
  readonly emit: (event: EngineEvent) => void;
}

async function runTurn({ model, request, prompt, room, lease, count, signal, emit }: Turn): Promise<void> {
  const { slot, cachedTokens } = lease;
  const { syntax } = model.format;
  // A bias for an unknown token is refused before anything is computed.
  const sampler = createSampler(request.sampling, model);
  const isRaw = request.prompt !== undefined;
  const priority = model.batching.priorityOf(slot.index);
  const total = prompt.tokens.length;
  const started = performance.now();
  emit({ type: 'prompt.progress', processed: cachedTokens, total, cached: cachedTokens });
  await prefill(slot.sequence, prompt.tokens.slice(cachedTokens, -1), {
    priority,
    batchSize: model.batchSize,
    signal,
    onProgress(evaluated) {
      count.promptTokens = cachedTokens + evaluated;
      emit({ type: 'prompt.progress', processed: count.promptTokens, total });
    },
  });
  if (signal.aborted) return;

  const parser = isRaw
    ? new RawTurnParser()
    : createTurnParser({
        syntax,
        opened: prompt.opened,
        tools: request.tools,
        dropsCalls: request.tools.length > 0 && request.toolChoice === 'none',
      });
  const answer = new Answer(parser, request, isRaw ? [] : model.format.stop, emit);
  const grammar = new TurnGrammar(model, prompt, parser);
  const text = new TokenTextStream(model.texts);
  const generationStarted = performance.now();
  let firstTokenAt = 0;
  let cutShort = room === 0;

  model.batching.startWriting(slot.index);
  count.promptTokens = total;
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
    count.outputTokens += 1;
    if (parser.place === 'reasoning') count.reasoningTokens += 1;
    if (signal.aborted) return;
    if (count.outputTokens === 1) {
      firstTokenAt = performance.now();
      emit({ type: 'prompt.progress', processed: total, total });
    }
    sampler.remember(token);
    answer.read(text.read(token));
    cutShort = count.outputTokens >= room;
    if (answer.stopped || cutShort) break;
  }
  answer.read(text.end());
  const end = answer.end(cutShort);
  const ended = performance.now();
  count.finished = true;
  emit({
    type: 'finish',
    ...end,
    usage: count.usage,
    timeToFirstTokenSeconds: ((firstTokenAt || ended) - started) / 1000,
    tokensPerSecond: count.outputTokens === 0 ? 0 : (count.outputTokens * 1000) / (ended - generationStarted),
  });
}
