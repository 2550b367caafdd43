import { EngineError, type InferenceEngine, type LoadedModel, type Model, type OpenOptions } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import { fromEngine } from './engine-failure.ts';

/** The models of all engines under one roof, and other names for them. */
export interface ModelCatalog {
  /** The key that a name stands for: an alias's target, or the name itself. */
  resolve(name: string): string;
  /** The other names, each with the key that it stands for. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Throws ServerError `MODEL_NOT_FOUND`, and `MODEL_UNAVAILABLE` when that cannot be said. */
  find(key: string): Promise<Model>;
  /** Of two models with one key, the one of the engine that was named first. */
  list(): Promise<readonly Model[]>;
  /** Opens a model with the engine that offers it. Throws as `InferenceEngine.open` does. */
  open(model: Model, options: OpenOptions, signal: AbortSignal): Promise<LoadedModel>;
  /** What keeps models from being found, for the operator. */
  problems(): Promise<readonly string[]>;
}

/** @param aliases other name → model key */
export function createModelCatalog(
  engines: readonly InferenceEngine[],
  aliases: Readonly<Record<string, string>>,
): ModelCatalog {
  const offers = engines.flatMap((engine) => engine.sources.map((source) => ({ engine, source })));
  const engineOf = new WeakMap<Model, InferenceEngine>();
  const offered = (model: Model, engine: InferenceEngine): Model => {
    engineOf.set(model, engine);
    return model;
  };
  return {
    aliases,
    resolve: (name) => (Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name),
    find: async (key) => {
      let hidden: { readonly cause: unknown } | undefined;
      for (const { engine, source } of offers) {
        const model = await source.find(key).catch((error: unknown) => {
          hidden ??= { cause: fromEngine(error) };
        });
        if (model) return offered(model, engine);
      }
      if (hidden !== undefined) throw hidden.cause;
      throw new ServerError('MODEL_NOT_FOUND', `There is no model '${key}'.`, { field: 'model' });
    },
    list: async () => {
      const lists = await Promise.all(
        offers.map(async ({ engine, source }) => (await source.list()).map((model) => offered(model, engine))),
      );
      const byKey = new Map<string, Model>();
      for (const model of lists.flat()) if (!byKey.has(model.key)) byKey.set(model.key, model);
      return [...byKey.values()];
    },
    open: async (model, options, signal) => {
      const engine = engineOf.get(model);
      if (engine === undefined) throw new EngineError('MODEL_LOAD_FAILED', `No engine offers model '${model.key}'.`);
      return engine.open(model, options, signal);
    },
    problems: async () => (await Promise.all(offers.map(({ source }) => source.problems?.() ?? []))).flat(),
  };
}
