import type { Model } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import type { LoadedInstance, ModelSettings } from '../models/instance.ts';
import { ChatModel, type ModelLoadEvent } from './chat-model.ts';
import { type LoadWish, permitLoading } from './permit-loading.ts';
import { type Decider, denied, permitModel } from './permit-model.ts';
import type { ChatCaller, ChatServiceOptions } from './prepare-chat.ts';

/** A request that only loads a model. */
export interface LoadRequest extends LoadWish {
  readonly model: string;
  /** What the model is wanted for; it must be permitted. */
  readonly use: 'chat' | 'embeddings';
}

/** What loading a model took; nothing for a model that was loaded before. */
export interface LoadResult {
  readonly loadTimeSeconds?: number;
}

/** An instance that was loaded by a request of its own. */
export interface OwnInstance {
  readonly model: Model;
  readonly instance: LoadedInstance;
  readonly loadTimeSeconds: number;
}

export interface LoadService {
  /**
   * Loads a model for a caller that may use it, as a request that uses it would. Throws ServerError; everything that
   * can be refused before the model loads is refused before the first event.
   */
  load(caller: ChatCaller, asked: LoadRequest, signal: AbortSignal): AsyncGenerator<ModelLoadEvent, LoadResult>;
  /** Unloads a model as soon as nothing uses it, for a caller that may load it. Throws ServerError. */
  unload(caller: ChatCaller, asked: Pick<LoadRequest, 'model' | 'use'>): Promise<void>;
  /**
   * Loads a further instance of a model, for a caller with `models:load`; it stays loaded until it is unloaded or its
   * time is up. Throws ServerError.
   */
  loadInstance(
    caller: Decider,
    asked: ModelSettings & { readonly model: string },
    signal: AbortSignal,
  ): Promise<OwnInstance>;
  /**
   * Unloads an instance by its id: it takes no new requests, and those that use it end first. Resolves with its id when
   * its memory is free. Throws ServerError.
   */
  unloadInstance(caller: Decider, name: string, signal: AbortSignal): Promise<string>;
}

export const createLoadService = ({ catalog, pool }: Pick<ChatServiceOptions, 'catalog' | 'pool'>): LoadService => {
  /** The id of an instance by a name of its model, or its own. */
  const idOf = (name: string): string => (pool.keyOf(name) === undefined ? catalog.resolve(name) : name);
  return {
    async *load(caller, { model: name, use, ...wish }, signal) {
      const key = catalog.resolve(name);
      // Decided before the model is looked up, so that a token learns nothing about models that it may not use.
      permitModel(caller, use, key);
      const model = await catalog.find(key);
      const chatModel = new ChatModel(pool, model, permitLoading(caller, pool, model, wish));
      const lease = yield* chatModel.lease(signal);
      lease[Symbol.dispose]();
      const { loadTimeSeconds } = chatModel;
      return loadTimeSeconds === undefined ? {} : { loadTimeSeconds };
    },
    unload: async (caller, { model: name, use }) => {
      const key = catalog.resolve(name);
      permitModel(caller, use, key);
      permitInstances(caller, key, 'unload');
      await catalog.find(key);
      void pool.release(idOf(name));
    },
    loadInstance: async (caller, { model: name, ...settings }, signal) => {
      const key = catalog.resolve(name);
      permitInstances(caller, key, 'load');
      const model = await catalog.find(key);
      let loadTimeSeconds = 0;
      const instance = await pool.loadInstance(
        model,
        settings,
        (event) => {
          if (event.type === 'end') ({ loadTimeSeconds } = event);
        },
        signal,
      );
      return { model, instance, loadTimeSeconds };
    },
    unloadInstance: async (caller, name, signal) => {
      const id = idOf(name);
      permitInstances(caller, pool.keyOf(id) ?? id, 'unload');
      const { promise: left, reject } = Promise.withResolvers<never>();
      const leave = (): void => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      try {
        if (await Promise.race([pool.release(id), left])) return id;
      } finally {
        signal.removeEventListener('abort', leave);
      }
      throw new ServerError('MODEL_NOT_FOUND', `No instance '${name.slice(0, 256)}' of a model is in memory.`, {
        field: 'model',
      });
    },
  };
};

/** Others may use the model. */
function permitInstances({ decide }: Decider, key: string, act: 'load' | 'unload'): void {
  const decision = decide({ action: 'models:load', models: key });
  if (!decision.allowed) throw denied(`${act} model '${key}'`, decision, 'model');
}
