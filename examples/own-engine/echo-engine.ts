import {
  EngineError,
  type EngineEvent,
  type GenerateRequest,
  type InferenceEngine,
  type LoadedModel,
  type Model,
  type OpenOptions,
} from '@latchkey/server';

/** The only model: it repeats the last question. */
const ECHO: Model = {
  key: 'example/echo',
  names: [],
  publisher: 'example',
  name: 'echo',
  sizeBytes: null,
  resident: false,
  modifiedAt: Date.UTC(2026, 0),
  description: {
    architecture: null,
    format: null,
    quantization: null,
    bitsPerWeight: null,
    parameterCount: null,
    displayName: 'Echo',
    maxContextLength: 4096,
    type: 'llm',
    capabilities: { vision: false, trainedForToolUse: false },
  },
};

/** A complete engine in one file. */
export const createEchoEngine = (): InferenceEngine => ({
  sources: [{ list: async () => [ECHO], find: async (key) => (key === ECHO.key ? ECHO : undefined) }],
  open: async (_model, options, signal) => {
    signal.throwIfAborted();
    return new EchoModel(options);
  },
  [Symbol.asyncDispose]: async () => {},
});

class EchoModel implements LoadedModel {
  readonly contextLength: number;
  readonly parallel: number;
  readonly device = 'memory';
  readonly capabilities = {
    tokenCounting: 'exact',
    cacheIsolation: 'scope',
    embeddings: false,
    vision: false,
    logprobs: false,
  } as const;
  #running = 0;
  #disposed = false;

  constructor({ contextLength, parallel }: OpenOptions) {
    this.contextLength = contextLength;
    this.parallel = parallel;
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    if (signal.aborted) return;
    if (this.#running >= this.parallel) throw new EngineError('OVERLOADED', 'All places are taken.');
    this.#running += 1;
    try {
      yield* this.#turn(request, signal);
    } finally {
      this.#running -= 1;
    }
  }

  async *#turn(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const started = performance.now();
    const promptTokens = tokensOf(request);
    if (promptTokens >= this.contextLength) {
      throw new EngineError('CONTEXT_EXCEEDED', `The conversation has ${promptTokens} tokens. Shorten it.`);
    }
    yield { type: 'prompt.progress', processed: promptTokens, total: promptTokens };

    const text = lastQuestion(request);
    const stopString = request.stop.find((stop) => stop !== '' && text.includes(stop));
    const said = stopString === undefined ? text : text.slice(0, text.indexOf(stopString));
    const most = Math.min(request.maxOutputTokens ?? Number.POSITIVE_INFINITY, this.contextLength - promptTokens);
    let outputTokens = 0;
    // A letter is a token.
    for (const letter of said.slice(0, most)) {
      const usage = { promptTokens, cachedTokens: 0, outputTokens, reasoningTokens: 0 };
      if (this.#disposed) throw new EngineError('MODEL_UNLOADED', 'The model was unloaded while the request ran.');
      if (signal.aborted) return yield { type: 'interrupted', usage };
      outputTokens += 1;
      yield { type: 'message.delta', text: letter };
    }
    yield {
      type: 'finish',
      ...(said.length > most
        ? { reason: 'length' }
        : stopString === undefined
          ? { reason: 'stop' }
          : { reason: 'stop_string', stopString }),
      usage: { promptTokens, cachedTokens: 0, outputTokens, reasoningTokens: 0 },
      timeToFirstTokenSeconds: 0,
      tokensPerSecond: (outputTokens * 1000) / Math.max(1, performance.now() - started),
    };
  }

  async countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    return tokensOf(request);
  }

  /** It runs in this process, so it is never lost. */
  onLost(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
  }
}

const tokensOf = ({ messages }: GenerateRequest): number => JSON.stringify(messages).length;

function lastQuestion({ messages }: GenerateRequest): string {
  const last = messages.findLast(({ role }) => role === 'user');
  if (last?.role !== 'user') throw new EngineError('INVALID_REQUEST', 'There is no question.', { field: 'messages' });
  return last.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
