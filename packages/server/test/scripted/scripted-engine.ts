import type {
  EngineEvent,
  GenerateRequest,
  InferenceEngine,
  LoadedModel,
  LoadOptions,
  ModelDescription,
} from '@latchkey/engine';
import { describedModel, type Turn } from './engine-script.ts';

/** A model that plays a list of turns, one for each request, and remembers the requests. */
export class ScriptedModel implements LoadedModel {
  readonly contextLength: number;
  readonly parallel: number;
  readonly device = 'script';
  readonly options: LoadOptions;
  disposed = false;
  readonly #engine: ScriptedEngine;
  readonly #lostListeners: ((reason: Error) => void)[] = [];

  constructor(engine: ScriptedEngine, options: LoadOptions) {
    this.#engine = engine;
    this.options = options;
    this.contextLength = options.contextLength;
    this.parallel = options.parallel;
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    this.#engine.requests.push(structuredClone(request));
    const turn = this.#engine.turns.shift();
    if (turn === undefined) throw new Error('the script has no turn for this request');
    for await (const event of typeof turn === 'function' ? turn(request, signal) : turn) {
      if (signal.aborted && event.type !== 'interrupted') return;
      yield event;
    }
  }

  async countPrompt(): Promise<number> {
    return this.#engine.countPrompt();
  }

  onLost(listener: (reason: Error) => void): void {
    this.#lostListeners.push(listener);
  }

  lose(): void {
    for (const listener of this.#lostListeners) listener(new Error('the process died'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }
}

/** An engine whose models play a script. Loads wait in `loads` until they are settled when `holdLoads` is set. */
export class ScriptedEngine implements InferenceEngine {
  readonly turns: Turn[];
  readonly requests: GenerateRequest[] = [];
  readonly models: ScriptedModel[] = [];
  readonly loads: { readonly options: LoadOptions; finish(): ScriptedModel; fail(error: Error): void }[] = [];
  readonly described: string[] = [];
  holdLoads = false;
  /** How many tokens a prompt has, when somebody asks before its turn; those of `engine-script.ts` have five. */
  countPrompt: () => number = () => 5;
  /** What `describe` says of a path. */
  describeFile: (path: string) => ModelDescription | Error = () => describedModel();

  constructor(...turns: Turn[]) {
    this.turns = turns;
  }

  async describe(paths: readonly string[]): Promise<readonly (ModelDescription | Error)[]> {
    this.described.push(...paths);
    return paths.map((path) => this.describeFile(path));
  }

  load(options: LoadOptions, signal: AbortSignal): Promise<LoadedModel> {
    const { promise, resolve, reject } = Promise.withResolvers<LoadedModel>();
    const finish = (): ScriptedModel => {
      const model = new ScriptedModel(this, options);
      this.models.push(model);
      resolve(model);
      return model;
    };
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    this.loads.push({ options, finish, fail: reject });
    if (!this.holdLoads) finish();
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
