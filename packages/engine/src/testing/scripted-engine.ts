import type { Decider } from '../decision.ts';
import type { Embedder } from '../embedding.ts';
import { EngineError } from '../engine-error.ts';
import type { EngineEvent, GenerateRequest } from '../generation.ts';
import type { EngineCapabilities, InferenceEngine, LoadedModel, OpenOptions } from '../inference-engine.ts';
import type { Model, ModelDescription, ModelSource } from '../model.ts';
import { aborted, describedModel, type Turn } from './engine-script.ts';

/** A model that plays a list of turns, one for each request, and remembers the requests. */
export class ScriptedModel implements LoadedModel {
  readonly contextLength: number;
  readonly parallel: number;
  readonly device = 'script';
  readonly capabilities: EngineCapabilities;
  disposed = false;
  #running = 0;
  readonly #engine: ScriptedEngine;
  readonly #lostListeners = new Set<(reason: Error) => void>();

  constructor(engine: ScriptedEngine, options: OpenOptions) {
    this.#engine = engine;
    this.contextLength = options.contextLength;
    this.parallel = options.parallel;
    this.capabilities = {
      ...engine.capabilities,
      embeddings: engine.embedder !== undefined,
      decisions: engine.decider !== undefined,
    };
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    this.#engine.requests.push(structuredClone(request));
    if (signal.aborted) return;
    if (this.#running >= this.parallel) throw new EngineError('OVERLOADED', 'All places are taken.');
    const turn = this.#engine.turns.shift() ?? this.#engine.otherwise;
    if (turn === undefined) throw new Error('the script has no turn for this request');
    this.#running += 1;
    try {
      yield* this.#play(turn, request, signal);
    } finally {
      this.#running -= 1;
    }
  }

  async *#play(turn: Turn, request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    for await (const event of typeof turn === 'function' ? turn(request, signal) : turn) {
      if (this.disposed) throw new EngineError('MODEL_UNLOADED', 'The model was unloaded while the request ran.');
      if (signal.aborted && event.type !== 'interrupted') return;
      yield event;
    }
  }

  async countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const left = aborted(signal).then(() => {
      throw signal.reason;
    });
    const count = async (): Promise<number> => this.#engine.countPrompt(request);
    return Promise.race([count(), left]);
  }

  get embedder(): Embedder | undefined {
    return this.#engine.embedder;
  }

  get decider(): Decider | undefined {
    return this.#engine.decider;
  }

  onLost(listener: (reason: Error) => void): Disposable {
    this.#lostListeners.add(listener);
    return { [Symbol.dispose]: () => this.#lostListeners.delete(listener) };
  }

  lose(): void {
    for (const listener of this.#lostListeners) listener(new Error('the process died'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }
}

/** A requested model that is not loaded yet. */
export interface ScriptedLoad {
  readonly model: Model;
  readonly options: OpenOptions;
  finish(): ScriptedModel;
  fail(error: Error): void;
}

/**
 * An engine whose models play a script, for tests of code that uses engines. When `holdLoads` is set, models wait in
 * `loads` until the test settles them.
 *
 * @example
 * ```ts
 * import { ScriptedEngine, says } from '@latchkey/engine/testing';
 *
 * const engine = new ScriptedEngine(says('Hello'), says('Goodbye'));
 * ```
 */
export class ScriptedEngine implements InferenceEngine {
  readonly turns: Turn[];
  readonly requests: GenerateRequest[] = [];
  readonly models: ScriptedModel[] = [];
  readonly loads: ScriptedLoad[] = [];
  /** The keys that were looked up. */
  readonly lookedFor: string[] = [];
  readonly sources: readonly ModelSource[];
  holdLoads = false;
  /** The capabilities of its models. */
  capabilities: EngineCapabilities = {
    tokenCounting: 'exact',
    cacheIsolation: 'scope',
    embeddings: false,
    vision: false,
    logprobs: false,
  };
  /** The keys of its models. */
  keys: readonly string[] = ['ibm/granite', 'ibm/other'];
  /** How many tokens a prompt has, when it is counted before its turn; those of `engine-script.ts` have five. */
  countPrompt: (request: GenerateRequest) => number | Promise<number> = () => 5;
  /** What makes the embeddings of its models, if they make any. */
  embedder: Embedder | undefined;
  /** What answers the questions of decisions, if anything does. */
  decider: Decider | undefined;
  /** The turn that a model plays after the end of the script. */
  otherwise: Turn | undefined;
  /** Returns the description of a model. */
  describe: (key: string) => ModelDescription | Error = () => describedModel();

  constructor(...turns: Turn[]) {
    this.turns = turns;
    const list = async (): Promise<readonly Model[]> => this.keys.map((key) => scriptedModel(key, this.describe(key)));
    const find = async (key: string): Promise<Model | undefined> => {
      this.lookedFor.push(key);
      return (await list()).find((model) => model.key === key);
    };
    this.sources = [{ find, list }];
  }

  open(model: Model, options: OpenOptions, signal: AbortSignal): Promise<LoadedModel> {
    const { promise, resolve, reject } = Promise.withResolvers<LoadedModel>();
    const finish = (): ScriptedModel => {
      const opened = new ScriptedModel(this, options);
      this.models.push(opened);
      resolve(opened);
      return opened;
    };
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    this.loads.push({ model, options, finish, fail: reject });
    if (!this.holdLoads) finish();
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A model with no file behind it. */
export function scriptedModel(key: string, description: ModelDescription | Error = describedModel()): Model {
  const [publisher = '', name = key] = key.split('/');
  return { key, names: [], publisher, name, sizeBytes: 1, resident: true, modifiedAt: 0, description };
}
