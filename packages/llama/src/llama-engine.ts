import {
  EngineError,
  type InferenceEngine,
  type LoadedModel,
  type Model,
  type ModelSource,
  type OpenOptions,
} from '@latchkey/engine';
import { describeModels } from './describe-models.ts';
import { openGgufFolder } from './folder/gguf-folder.ts';
import { GgufModel } from './folder/gguf-model.ts';
import type { DescriptionMemory } from './folder/model-descriptions.ts';
import { loadModel } from './load-model.ts';
import type { EngineLogger } from './logger.ts';

/** The options of the embedded engine. */
export interface LlamaEngineOptions {
  /** The folder with the models; subfolders are publishers. */
  readonly folder: string;
  readonly gpu: 'auto' | 'off';
  /** CPU threads; absent: the number of cores minus one. */
  readonly threads?: number;
  /** Load models although they are estimated to need more memory than is free. */
  readonly ignoresMemory?: boolean;
  /** Descriptions of files from an earlier run; by default all files are read again. */
  readonly memory?: DescriptionMemory;
  /** Logs engine processes that start, fail and end; by default nothing is logged. */
  readonly logger?: EngineLogger;
  /** How long a process with work may send nothing before it is killed; 30 seconds by default. */
  readonly silenceMilliseconds?: number;
}

const SILENT: EngineLogger = { info() {}, warn() {} };

/**
 * The engine that runs GGUF models on llama.cpp, each in a child process of its own. When a file crashes llama.cpp, or
 * the system runs out of memory, only that model is lost, never the server. Disposing the engine unloads all its
 * models.
 */
export function createLlamaEngine(options: LlamaEngineOptions): InferenceEngine {
  return new LlamaEngine(options);
}

class LlamaEngine implements InferenceEngine {
  readonly sources: readonly ModelSource[];
  readonly #options: LlamaEngineOptions;
  readonly #models = new Set<LoadedModel>();
  readonly #closing = new AbortController();

  constructor(options: LlamaEngineOptions) {
    this.#options = options;
    const { folder, memory, logger = SILENT } = options;
    this.sources = [
      openGgufFolder(folder, (paths) => describeModels(paths, this.#closing.signal), {
        memory,
        onUnreadable: (place) =>
          logger.warn(place, 'models in a part of the models folder are not found; the others are'),
      }),
    ];
  }

  async open(model: Model, { onProgress, ...options }: OpenOptions, signal: AbortSignal): Promise<LoadedModel> {
    const { gpu, threads, ignoresMemory, logger = SILENT, silenceMilliseconds } = this.#options;
    const loaded = await loadModel(
      {
        modelKey: model.key,
        path: GgufModel.pathOf(model),
        gpu,
        ...options,
        ...(threads === undefined ? {} : { threads }),
        ...(ignoresMemory === undefined ? {} : { ignoresMemory }),
      },
      AbortSignal.any([signal, this.#closing.signal]),
      { logger, onProgress, silenceMilliseconds },
    );
    if (this.#closing.signal.aborted) {
      await loaded[Symbol.asyncDispose]();
      throw new EngineError('SHUTTING_DOWN', 'The server is going down; no model can be loaded.');
    }
    this.#models.add(loaded);
    void loaded.gone.then(() => this.#models.delete(loaded));
    return loaded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#models].map((model) => model[Symbol.asyncDispose]()));
    this.#models.clear();
  }
}
