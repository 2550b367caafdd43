import type { LoadedModel, Model, OpenOptions } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { TurnTimes } from '../telemetry/metrics.ts';
import { ContextLimits, waitForContext } from './context-limits.ts';
import {
  type Chosen,
  chooseInstance,
  isIdle,
  type LoadEvent,
  type LoadedInstance,
  type ModelSettings,
  makesEmbeddings,
  nextInstanceId,
  type Slot,
  toLoadedInstance,
} from './instance.ts';
import type { ModelCatalog } from './model-catalog.ts';
import { isUnhealthy, openInTime } from './open-in-time.ts';
import { QueuedModel } from './queued-model.ts';

export type { LoadEvent, LoadedInstance, ModelSettings } from './instance.ts';

/** How models are loaded, and when they are unloaded. */
export interface ModelPoolOptions {
  readonly catalog: Pick<ModelCatalog, 'open'>;
  readonly logger: Logger;
  /** Tokens of context for each request that does not set them; at most the model's training context. */
  readonly contextLength: number;
  /** The most that a request may ask for; absent: the model's training context. */
  readonly maxContextLength?: number;
  readonly parallel: number;
  /** How many requests may wait for a model. */
  readonly queue: number;
  /** A model that is not used for this long is unloaded. */
  readonly idleMilliseconds: number;
  /** Loading a model unloads the others as soon as they are idle. */
  readonly keepOnlyLast: boolean;
  /** The settings of a model that are not those of all models. */
  readonly settingsOf?: (key: string) => ModelSettings;
  /** Whether a name is that of a model or an alias, so that no instance may have it as its id; absent: none is. */
  readonly isNamed?: (name: string) => Promise<boolean>;
  /** Called when a model was loaded, without an error, and when its file or its process has failed. */
  readonly onHealth?: (model: string, error?: string) => void;
  /** Called when a turn has ended. */
  readonly onTurn?: (times: TurnTimes) => void;
  readonly now?: () => number;
}

/** The right to use a loaded model until it is disposed. */
export interface ModelLease extends Disposable {
  readonly model: LoadedModel;
}

/** A timer cannot wait for longer; a model that may stay for weeks is not unloaded for being idle. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** How many instances one model may have. */
const MOST_INSTANCES = 16;

/**
 * Loads models on first use, one process each, shared by all requests; unloads idle ones; and forgets those whose
 * process died, so that the next request loads them again.
 */
export class ModelPool implements AsyncDisposable {
  readonly #options: ModelPoolOptions;
  readonly #limits: ContextLimits;
  readonly #slots = new Map<string, Slot>();
  readonly #unloading = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: ModelPoolOptions) {
    this.#options = options;
    this.#limits = new ContextLimits(options);
  }

  /**
   * Waits until the model is loaded, with at least `contextLength` tokens of context if the request asks for more than
   * the default. Throws ServerError `MODEL_LOAD_FAILED`, `MODEL_UNAVAILABLE`, `INSUFFICIENT_MEMORY`, `INVALID_REQUEST`
   * (a context beyond the limit of the model or of the named instance), `OVERLOADED` (the model stayed in use with less
   * context for too long), and the reason of `signal` when it fires. When it throws, no lease is held.
   *
   * @param keepAliveMilliseconds how long the model stays loaded when nothing uses it, from now on
   * @param named the name in the request: the id of an instance is served by that instance
   */
  async acquire(
    model: Model,
    contextLength: number | undefined,
    onEvent: (event: LoadEvent) => void,
    signal: AbortSignal,
    keepAliveMilliseconds?: number,
    named?: string,
  ): Promise<ModelLease> {
    const wanted = this.contextFor(model, contextLength);
    using deadline = waitForContext(wanted);
    let id = model.key;
    for (;;) {
      this.#closing.signal.throwIfAborted();
      signal.throwIfAborted();
      const found = this.#choose(model, wanted, contextLength, named);
      if (found === undefined) {
        if (this.#slots.has(id)) {
          id = await this.#nextId(model.key);
          // Another request may have loaded one meanwhile.
          continue;
        }
        const slot = this.#load(id, model, { contextLength: wanted }, onEvent);
        return this.#lease(slot, onEvent, signal, keepAliveMilliseconds);
      }
      const { slot, isReady } = found;
      if (isReady) {
        if (slot.model === undefined) {
          onEvent({ type: 'start' });
          slot.listeners.add(onEvent);
        }
        return this.#lease(slot, onEvent, signal, keepAliveMilliseconds);
      }
      // The model is loaded with too little context, or is being unloaded: it is loaded again as soon as it is idle.
      // Only the request that needs the larger context waits for that.
      await this.#idle(slot, AbortSignal.any([signal, deadline.signal]));
    }
  }

  /**
   * Loads an instance of a model beside those that there are. It stays loaded until it is unloaded, or unused for the
   * time that was asked for. Throws as `acquire` does; a caller that leaves meanwhile gets no instance.
   */
  async loadInstance(
    model: Model,
    asked: ModelSettings,
    onEvent: (event: LoadEvent) => void,
    signal: AbortSignal,
  ): Promise<LoadedInstance> {
    this.#closing.signal.throwIfAborted();
    signal.throwIfAborted();
    this.#limits.most(model, asked.contextLength);
    let id = model.key;
    while (this.#slots.has(id)) id = await this.#nextId(model.key);
    this.#closing.signal.throwIfAborted();
    if (this.#slotsOf(model.key).length >= MOST_INSTANCES) {
      const message = `Model '${model.key}' has ${MOST_INSTANCES} instances already. Unload one of them first.`;
      throw new ServerError('OVERLOADED', message, { field: 'model' });
    }
    const contextLength = asked.contextLength ?? this.contextFor(model, undefined);
    const slot = this.#load(id, model, { ...asked, contextLength, isExplicit: true }, onEvent);
    const keepAlive = asked.idleMilliseconds ?? Number.POSITIVE_INFINITY;
    try {
      using _lease = await this.#lease(slot, onEvent, signal, keepAlive);
    } catch (error) {
      this.#unload(slot, 'its loading was given up');
      throw error;
    }
    const [instance] = toLoadedInstance(slot);
    if (instance === undefined) throw new ServerError('MODEL_UNLOADED', 'The model was unloaded again at once.');
    return instance;
  }

  /** See `ContextLimits`. */
  contextFor(model: Model, asked: number | undefined): number {
    return this.#limits.contextFor(model, asked);
  }

  /** The context that was asked for, or the most that a request can have. Throws ServerError for an unusable model. */
  withinMost(model: Model, asked: number | undefined): number | undefined {
    return asked === undefined ? undefined : Math.min(asked, this.mostContextOf(model));
  }

  /** The most context that a request can ask for. Throws ServerError for a model that cannot be used. */
  mostContextOf(model: Model): number {
    return this.#limits.most(model);
  }

  /** Whether a request needs more context than the default and than the loaded model has. */
  needsLargerLoad(model: Model, asked: number | undefined): boolean {
    const loaded = this.#slotsOf(model.key).map((slot) => slot.asked);
    return this.contextFor(model, asked) > Math.max(...loaded, this.contextFor(model, undefined));
  }

  /** The instances in memory. */
  loaded(): readonly LoadedInstance[] {
    return [...this.#slots.values()].flatMap(toLoadedInstance);
  }

  /** The key of the model of an instance; undefined when there is none with this id. */
  keyOf(id: string): string | undefined {
    return this.#slots.get(id)?.key;
  }

  /** The model of an instance, as it was when it was opened. */
  opened(id: string): Model | undefined {
    return this.#slots.get(id)?.opened;
  }

  /** For how many milliseconds an instance stays loaded if nothing uses it; undefined for one that is not loaded. */
  idleLeft(id: string): number | undefined {
    const slot = this.#slots.get(id);
    if (slot?.model === undefined) return undefined;
    const spent = slot.leases > 0 ? 0 : this.#now() - slot.idleSince;
    return Math.max(0, slot.idleMilliseconds - spent);
  }

  /**
   * Unloads an instance as soon as the requests that use it have ended; it takes no new ones. Resolves when its memory
   * is free, with false when there was no such instance.
   */
  async release(id: string): Promise<boolean> {
    const slot = this.#slots.get(id);
    if (slot === undefined) return false;
    slot.isDraining = true;
    this.#retire(slot, 'a request asked for it');
    await slot.gone.promise;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ServerError('SHUTTING_DOWN', 'The server is shutting down.'));
    for (const slot of this.#slots.values()) this.#unload(slot, 'the server is going down');
    await Promise.allSettled(this.#unloading);
  }

  #now(): number {
    return (this.#options.now ?? performance.now.bind(performance))();
  }

  #settingsOf(key: string): ModelSettings {
    return this.#options.settingsOf?.(key) ?? {};
  }

  #slotsOf(key: string): readonly Slot[] {
    return [...this.#slots.values()].filter((slot) => slot.key === key);
  }

  #choose(model: Model, wanted: number, asked: number | undefined, named: string | undefined): Chosen | undefined {
    for (const slot of this.#slotsOf(model.key)) {
      if (slot.version !== model.version && slot.model !== undefined) this.#retire(slot, 'its file was replaced');
    }
    return chooseInstance(this.#slotsOf(model.key), { key: model.key, wanted, asked, named });
  }

  async #idle(slot: Slot, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      slot.whenIdle = slot.whenIdle.filter((waiting) => waiting !== resolve);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    slot.whenIdle.push(resolve);
    if (slot.leases === 0) this.#unload(slot, 'a request needs more context');
    await promise.finally(() => signal.removeEventListener('abort', leave));
    await slot.gone.promise;
  }

  #nextId(key: string): Promise<string> {
    const { isNamed } = this.#options;
    return nextInstanceId(
      key,
      (id) => this.#slots.has(id),
      async (name) => (await isNamed?.(name)) ?? false,
    );
  }

  #load(
    id: string,
    model: Model,
    asked: ModelSettings & { readonly contextLength: number; readonly isExplicit?: boolean },
    onEvent: (event: LoadEvent) => void,
  ): Slot {
    const { logger, queue, onTurn, onHealth } = this.#options;
    const { key } = model;
    const usual = this.#settingsOf(key);
    const parallel = asked.parallel ?? usual.parallel ?? this.#options.parallel;
    const { contextLength, isExplicit = false } = asked;
    const settings = model.resident ? { ...usual.load, ...asked.load } : { ...asked.load };
    const startedAt = this.#now();
    const listeners = new Set([onEvent]);
    const tell = (event: LoadEvent): void => {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          logger.error({ err: error }, 'a listener to the loading of a model failed');
        }
      }
    };
    onEvent({ type: 'start' });
    const loading = this.#loadInTime(model, {
      contextLength,
      parallel,
      ...(Object.keys(settings).length === 0 ? {} : { settings }),
      onProgress: (progress) => tell({ type: 'progress', progress }),
    }).then((opened) => new QueuedModel(opened, queue, (times) => onTurn?.({ model: key, ...times })));
    const slot: Slot = {
      id,
      key,
      opened: model,
      isExplicit,
      takesTurns: model.resident && !isExplicit && !makesEmbeddings(model),
      version: model.version,
      asked: contextLength,
      settings,
      loading,
      listeners,
      gone: Promise.withResolvers<void>(),
      model: undefined,
      leases: 0,
      retired: undefined,
      isDraining: false,
      idleMilliseconds: usual.idleMilliseconds ?? this.#options.idleMilliseconds,
      idleSince: startedAt,
      idleTimer: undefined,
      whenIdle: [],
    };
    this.#slots.set(id, slot);
    loading.then(
      (loaded) => {
        slot.model = loaded;
        onHealth?.(key);
        const loadTimeSeconds = (this.#now() - startedAt) / 1000;
        logger.info({ model: id, device: loaded.device, seconds: loadTimeSeconds, pid: loaded.pid }, 'model loaded');
        loaded.onLost((reason) => {
          logger.error({ model: id, reason: reason.message }, 'model lost');
          onHealth?.(key, reason.message);
          this.#forget(slot);
          slot.gone.resolve();
        });
        if (loaded.capabilities.cacheIsolation === 'none') {
          logger.warn(
            { model: key },
            'its engine caches prompts for all tokens alike: time shows what others have asked',
          );
        }
        tell({ type: 'end', loadTimeSeconds });
        listeners.clear();
        if (this.#options.keepOnlyLast && slot.takesTurns) this.#retireOthers(slot);
      },
      (error: unknown) => {
        logger.warn({ model: id, err: error }, 'model could not be loaded');
        if (isUnhealthy(error)) onHealth?.(key, error.message);
        this.#forget(slot);
        slot.gone.resolve();
      },
    );
    return slot;
  }

  /**
   * Loads a model. Where memory is short, models that nothing uses are unloaded first, those that were loaded by a
   * request of their own excepted.
   */
  async #loadInTime(model: Model, options: OpenOptions): Promise<LoadedModel> {
    try {
      return await openInTime(this.#options.catalog, model, options, this.#closing.signal);
    } catch (error) {
      const idle = [...this.#slots.values()].filter((slot) => slot.takesTurns && isIdle(slot));
      if (!(error instanceof ServerError) || error.code !== 'INSUFFICIENT_MEMORY' || idle.length === 0) throw error;
      for (const slot of idle) this.#unload(slot, 'another model needs its memory');
      await Promise.all(idle.map(({ gone }) => gone.promise));
      return openInTime(this.#options.catalog, model, options, this.#closing.signal);
    }
  }

  async #lease(
    slot: Slot,
    onEvent: (event: LoadEvent) => void,
    signal: AbortSignal,
    keepAliveMilliseconds = slot.idleMilliseconds,
  ): Promise<ModelLease> {
    slot.leases += 1;
    slot.idleMilliseconds = keepAliveMilliseconds > LONGEST_TIMER ? Number.POSITIVE_INFINITY : keepAliveMilliseconds;
    clearTimeout(slot.idleTimer);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      slot.leases -= 1;
      if (slot.leases === 0) this.#becomeIdle(slot);
    };
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = (): void => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      return { model: await Promise.race([slot.loading, left]), [Symbol.dispose]: release };
    } catch (error) {
      slot.listeners.delete(onEvent);
      release();
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #becomeIdle(slot: Slot): void {
    if (this.#slots.get(slot.id) !== slot) return;
    const reason = slot.retired ?? (slot.whenIdle.length > 0 ? 'a request needs more context' : undefined);
    if (reason !== undefined) {
      this.#unload(slot, reason);
      return;
    }
    slot.idleSince = this.#now();
    if (slot.idleMilliseconds > LONGEST_TIMER) return;
    slot.idleTimer = setTimeout(() => this.#unload(slot, 'idle'), slot.idleMilliseconds);
    slot.idleTimer.unref();
  }

  #retireOthers(last: Slot): void {
    for (const slot of this.#slots.values()) {
      if (slot !== last && slot.takesTurns && slot.model !== undefined) this.#retire(slot, 'another model was loaded');
    }
  }

  /** Unloads a model as soon as it is idle. */
  #retire(slot: Slot, reason: string): void {
    if (slot.retired === undefined && slot.leases > 0) {
      this.#options.logger.info({ model: slot.id, reason }, 'a model is unloaded as soon as it is idle');
    }
    slot.retired = reason;
    if (slot.leases === 0) this.#unload(slot, reason);
  }

  #unload(slot: Slot, reason: string): void {
    if (this.#slots.get(slot.id) !== slot) return;
    this.#options.logger.info({ model: slot.id, reason }, 'model unloaded');
    this.#forget(slot);
    const unloading: Promise<void> = slot.loading
      .then((model) => model[Symbol.asyncDispose]())
      .catch((error: unknown) => this.#options.logger.warn({ model: slot.id, err: error }, 'unloading failed'))
      .finally(() => {
        slot.gone.resolve();
        this.#unloading.delete(unloading);
      });
    this.#unloading.add(unloading);
  }

  #forget(slot: Slot): void {
    clearTimeout(slot.idleTimer);
    if (this.#slots.get(slot.id) === slot) this.#slots.delete(slot.id);
    for (const resolve of slot.whenIdle.splice(0)) resolve();
  }
}
