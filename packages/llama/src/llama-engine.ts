import type { InferenceEngine, LoadedModel, LoadOptions, ModelDescription } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import { describeModels } from './describe-models.ts';
import { loadModel } from './load-model.ts';
import type { EngineLogger } from './logger.ts';

/** What the embedded engine is made with. */
export interface LlamaEngineOptions {
  /** Hears of engine processes that start, fail and end; by default nobody does. */
  readonly logger?: EngineLogger;
  /** How long a process that has work may say nothing before it is ended; 30 seconds by default. */
  readonly silenceMilliseconds?: number;
}

const SILENT: EngineLogger = { info() {}, warn() {} };

/**
 * The engine that runs GGUF models on llama.cpp, each in a child process of its own, so that a file that crashes
 * llama.cpp, or a system that runs out of memory, takes one model down and never the server.
 *
 * `load` throws EngineError `MODEL_LOAD_FAILED`; disposing the engine unloads all its models.
 */
export function createLlamaEngine({ logger = SILENT, silenceMilliseconds }: LlamaEngineOptions = {}): InferenceEngine {
  return new LlamaEngine(logger, silenceMilliseconds);
}

class LlamaEngine implements InferenceEngine {
  readonly #logger: EngineLogger;
  readonly #silenceMilliseconds: number | undefined;
  readonly #models = new Set<LoadedModel>();
  readonly #closing = new AbortController();

  constructor(logger: EngineLogger, silenceMilliseconds: number | undefined) {
    this.#logger = logger;
    this.#silenceMilliseconds = silenceMilliseconds;
  }

  async describe(paths: readonly string[]): Promise<readonly (ModelDescription | Error)[]> {
    return describeModels(paths, this.#closing.signal);
  }

  async load(options: LoadOptions, signal: AbortSignal): Promise<LoadedModel> {
    const model = await loadModel(
      options,
      AbortSignal.any([signal, this.#closing.signal]),
      this.#logger,
      this.#silenceMilliseconds,
    );
    if (this.#closing.signal.aborted) {
      await model[Symbol.asyncDispose]();
      throw new EngineError('SHUTTING_DOWN', 'The server is going down; no model can be loaded.');
    }
    this.#models.add(model);
    void model.gone.then(() => this.#models.delete(model));
    return model;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#models].map((model) => model[Symbol.asyncDispose]()));
    this.#models.clear();
  }
}
