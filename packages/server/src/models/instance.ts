import type { LoadedModel, LoadSettings, Model } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';

/** The events of loading a model. */
export type LoadEvent =
  | { readonly type: 'start' }
  | { readonly type: 'progress'; readonly progress: number }
  | { readonly type: 'end'; readonly loadTimeSeconds: number };

/** How the instances of a model are loaded; an absent setting is that of the server. */
export interface ModelSettings {
  readonly contextLength?: number;
  readonly parallel?: number;
  readonly idleMilliseconds?: number;
  readonly load?: LoadSettings;
}

/** A model in memory, for listings. */
export interface LoadedInstance {
  /** The key of its model; `key:2` and so on for further instances of one model. */
  readonly id: string;
  readonly key: string;
  readonly contextLength: number;
  readonly parallel: number;
  readonly device: string;
  readonly settings: LoadSettings;
  /** How many requests use it at the moment. */
  readonly uses: number;
  /** It takes no new requests, and is unloaded when those that use it have ended. */
  readonly isDraining: boolean;
}

/** One loading of a model, in the pool. */
export interface Slot {
  readonly id: string;
  readonly key: string;
  /** The model as it was when it was opened. */
  readonly opened: Model;
  /** It was loaded by a request of its own, so the loading of other models does not unload it. */
  readonly isExplicit: boolean;
  /** Whether `keepOnlyLast` applies to it: embedding models are small, and are used beside a chat model. */
  readonly takesTurns: boolean;
  /** See `Model`. */
  readonly version: string | undefined;
  readonly asked: number;
  readonly settings: LoadSettings;
  readonly loading: Promise<LoadedModel>;
  readonly listeners: Set<(event: LoadEvent) => void>;
  /** Resolves when its memory is free again. */
  readonly gone: PromiseWithResolvers<void>;
  model: LoadedModel | undefined;
  leases: number;
  /** Why it is unloaded once it is idle. */
  retired: string | undefined;
  /** Whether new requests are kept from it until it is unloaded. */
  isDraining: boolean;
  /** How long it stays loaded when nothing uses it. */
  idleMilliseconds: number;
  idleSince: number;
  idleTimer: NodeJS.Timeout | undefined;
  whenIdle: (() => void)[];
}

/** How many ids are tried for an instance; an engine may know a model by every name. */
const MOST_IDS = 64;

/**
 * The id of the next instance of a model: its key, then `key:2` and so on. A name that means something else already, a
 * model or an alias, is left out: requests with it would be answered by the wrong one of the two. Throws ServerError
 * `CONFLICT` when no id is free.
 *
 * @param isLoaded whether an instance has this id
 * @param meansOther whether this name is that of a model or an alias
 */
export async function nextInstanceId(
  key: string,
  isLoaded: (id: string) => boolean,
  meansOther: (id: string) => Promise<boolean>,
): Promise<string> {
  if (!isLoaded(key)) return key;
  for (let number = 2; number < MOST_IDS; number += 1) {
    const id = `${key}:${number}`;
    if (!isLoaded(id) && !(await meansOther(id))) return id;
  }
  const message = `Every name for a further instance of '${key}' is that of a model or an alias.`;
  throw new ServerError('CONFLICT', message, { field: 'model' });
}

/** What a request needs of an instance of its model. */
interface Need {
  readonly key: string;
  /** Tokens of context; `asked` as the request has it. */
  readonly wanted: number;
  readonly asked: number | undefined;
  /** The name in the request: the key, an alias, or the id of an instance. */
  readonly named: string | undefined;
}

/** The instance for a request, and whether it can be used now; otherwise it is the one to wait for. */
export interface Chosen {
  readonly slot: Slot;
  readonly isReady: boolean;
}

/**
 * Chooses among the instances of a model: the named one, or the one with the most room. Undefined: a new one is loaded,
 * since what was loaded by a request of its own is not replaced. Throws ServerError `INVALID_REQUEST` when the named one
 * has less context than was asked for.
 */
export function chooseInstance(slots: readonly Slot[], { key, wanted, asked, named }: Need): Chosen | undefined {
  const instance = slots.find(({ id, isDraining }) => id === named && id !== key && !isDraining);
  if (instance !== undefined) {
    if (instance.asked >= (asked ?? 0)) return { slot: instance, isReady: true };
    const message = `A context of ${asked} tokens was asked for; instance '${instance.id}' has ${instance.asked}.`;
    throw new ServerError('INVALID_REQUEST', message, { field: 'contextLength' });
  }
  const large = slots.filter((slot) => !slot.isDraining && slot.asked >= wanted);
  const [ready] = large.toSorted((one, other) => loadOf(one) - loadOf(other));
  if (ready !== undefined) return { slot: ready, isReady: true };
  const replaced = slots.find((slot) => slot.isDraining || !slot.isExplicit);
  return replaced && { slot: replaced, isReady: false };
}

const loadOf = ({ leases, model }: Slot): number => leases / (model?.parallel ?? 1);

export const toLoadedInstance = ({ id, key, model, settings, leases, isDraining }: Slot): LoadedInstance[] =>
  model === undefined
    ? []
    : [
        {
          id,
          key,
          contextLength: model.contextLength,
          parallel: model.parallel,
          device: model.device,
          settings,
          uses: leases,
          isDraining,
        },
      ];

export const makesEmbeddings = ({ description }: Model): boolean =>
  !(description instanceof Error) && description.type === 'embedding';

/** Whether a loaded model is used by nothing. */
export const isIdle = ({ model, leases }: Slot): boolean => model !== undefined && leases === 0;
