import { EngineError, type Model } from '@latchkey/engine';
import type { LoadedInstance, ModelPool } from './model-pool.ts';

/** A model under one of its names, with what a request can have of it. */
export interface ListedModel {
  readonly name: string;
  readonly model: Model;
  /** Tokens of context of a request that asks for none; undefined for a model that could not be examined. */
  readonly context: number | undefined;
  /** The most tokens of context that a request can ask for. */
  readonly mostContext: number | undefined;
  /** Absent: it is not in memory. */
  readonly loaded: LoadedInstance | undefined;
}

/** The models that can be used, each under its key, and then under its aliases. */
export function listModels(
  models: readonly Model[],
  aliases: Readonly<Record<string, string>>,
  pool: Pick<ModelPool, 'loaded' | 'contextFor' | 'mostContextOf'>,
): readonly ListedModel[] {
  // Of several instances of a model, the first one counts.
  const instances = new Map(
    pool
      .loaded()
      .toReversed()
      .map((instance) => [instance.key, instance]),
  );
  const listed = new Map(
    models.filter(isUsable).map((model): [string, ListedModel] => {
      const loaded = instances.get(model.key);
      const isKnown = !(model.description instanceof Error);
      return [
        model.key,
        {
          name: model.key,
          model,
          context: isKnown ? (loaded?.contextLength ?? pool.contextFor(model, undefined)) : undefined,
          mostContext: isKnown ? pool.mostContextOf(model) : undefined,
          loaded,
        },
      ];
    }),
  );
  const named = Object.entries(aliases).flatMap(([name, key]): ListedModel[] => {
    const one = listed.get(key);
    return one === undefined ? [] : [{ ...one, name }];
  });
  return [...listed.values(), ...named];
}

/** A model that could not be inspected yet may be usable. */
export const isUsable = ({ description }: Model): boolean =>
  !(description instanceof Error) || (description instanceof EngineError && description.code === 'MODEL_UNAVAILABLE');
