import {
  EngineError,
  type InferenceEngine,
  type LoadedModel,
  type Model,
  type ModelSource,
  type OpenOptions,
} from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import { fromEngine } from './engine-failure.ts';

/** The models of all engines together, with their aliases. */
export interface ModelCatalog {
  /** Returns the model key for a name: the target of an alias, the model of an instance, or the name itself. */
  resolve(name: string): string;
  /** Aliases that can be listed, each with its model key. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Whether a name is that of a model or an alias; also true while that cannot be determined. */
  isNamed(name: string): Promise<boolean>;
  /** Throws ServerError `MODEL_NOT_FOUND`, or `MODEL_UNAVAILABLE` when it cannot be determined. */
  find(key: string): Promise<Model>;
  /**
   * Of two models with one key, returns the one of the engine that was listed first. The array is the same while the
   * engines list the same models.
   */
  list(): Promise<readonly Model[]>;
  /** Opens a model with its engine. Throws as `InferenceEngine.open` does. */
  open(model: Model, options: OpenOptions, signal: AbortSignal): Promise<LoadedModel>;
  /** Deletes a model for good. Throws ServerError `INVALID_REQUEST` for one whose source deletes none. */
  remove(model: Model): Promise<void>;
  /** Problems that keep models from being found, for the operator. */
  problems(): Promise<readonly string[]>;
}

/** A trailing `*` of an alias matches any text: `claude-*` matches every name that starts with `claude-`. */
const ANYTHING = '*';

/**
 * @param aliases alias → model key; an alias without `*` takes precedence, then the longest one with a `*`
 * @param keyOfInstance the key of the model of an instance in memory, by the instance's id
 */
export function createModelCatalog(
  engines: readonly InferenceEngine[],
  aliases: Readonly<Record<string, string>>,
  keyOfInstance: (id: string) => string | undefined = () => undefined,
): ModelCatalog {
  const patterns = Object.entries(aliases)
    .filter(([alias]) => alias.endsWith(ANYTHING))
    .map(([alias, key]) => [alias.slice(0, -ANYTHING.length), key] as const)
    .toSorted(([one], [other]) => other.length - one.length);
  const offers = engines.flatMap((engine) => engine.sources.map((source) => ({ engine, source })));
  const engineOf = new WeakMap<Model, InferenceEngine>();
  const sourceOf = new WeakMap<Model, ModelSource>();
  const offered = (model: Model, engine: InferenceEngine, source: ModelSource): Model => {
    if (engineOf.get(model) !== engine) engineOf.set(model, engine);
    if (sourceOf.get(model) !== source) sourceOf.set(model, source);
    return model;
  };
  let merged: { readonly all: readonly Model[]; readonly models: readonly Model[] } = { all: [], models: [] };
  const find = async (key: string): Promise<Model> => {
    let hidden: { readonly cause: unknown } | undefined;
    for (const { engine, source } of offers) {
      const model = await source.find(key).catch((error: unknown) => {
        hidden ??= { cause: fromEngine(error) };
      });
      if (model) return offered(model, engine, source);
    }
    if (hidden !== undefined) throw hidden.cause;
    throw new ServerError('MODEL_NOT_FOUND', `There is no model '${key}'.`, { field: 'model' });
  };
  return {
    aliases: Object.fromEntries(Object.entries(aliases).filter(([alias]) => !alias.endsWith(ANYTHING))),
    resolve: (name) => {
      if (Object.hasOwn(aliases, name)) return aliases[name] ?? name;
      return patterns.find(([beginning]) => name.startsWith(beginning))?.[1] ?? keyOfInstance(name) ?? name;
    },
    isNamed: async (name) => {
      if (Object.hasOwn(aliases, name)) return true;
      return find(name).then(
        () => true,
        (error: unknown) => !(error instanceof ServerError && error.code === 'MODEL_NOT_FOUND'),
      );
    },
    find,
    list: async () => {
      const lists = await Promise.all(
        offers.map(async ({ engine, source }) => (await source.list()).map((model) => offered(model, engine, source))),
      );
      const all = lists.flat();
      if (isSameList(all, merged.all)) return merged.models;
      const byKey = new Map<string, Model>();
      for (const model of all) if (!byKey.has(model.key)) byKey.set(model.key, model);
      merged = { all, models: [...byKey.values()] };
      return merged.models;
    },
    open: async (model, options, signal) => {
      const engine = engineOf.get(model);
      if (engine === undefined) throw new EngineError('MODEL_LOAD_FAILED', `No engine offers model '${model.key}'.`);
      return engine.open(model, options, signal);
    },
    remove: async (model) => {
      const source = sourceOf.get(model);
      if (source?.remove === undefined) {
        const message = `Model '${model.key}' is not a file of the models folder, so it cannot be deleted here.`;
        throw new ServerError('INVALID_REQUEST', message, { param: 'model' });
      }
      await source.remove(model).catch((error: unknown) => {
        throw fromEngine(error);
      });
    },
    problems: async () => (await Promise.all(offers.map(({ source }) => source.problems?.() ?? []))).flat(),
  };
}

const isSameList = (one: readonly Model[], other: readonly Model[]): boolean =>
  one.length === other.length && one.every((model, index) => model === other[index]);
