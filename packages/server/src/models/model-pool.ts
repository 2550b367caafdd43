import { EngineError, type LoadedModel, type Model, type OpenOptions } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { TurnTimes } from '../telemetry/metrics.ts';
import { fromEngine } from './engine-failure.ts';
import type { ModelCatalog } from './model-catalog.ts';
import { QueuedModel } from './queued-model.ts';

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
  /** Called when a turn has ended. */
  readonly onTurn?: (times: TurnTimes) => void;
  readonly now?: () => number;
}

/** The events of loading a model. */
export type LoadEvent =
  | { readonly type: 'start' }
  | { readonly type: 'progress'; readonly progress: number }
  | { readonly type: 'end'; readonly loadTimeSeconds: number };

/** The right to use a loaded model until it is disposed. */
export interface ModelLease extends Disposable {
  readonly model: LoadedModel;
}

/** A model in memory, for listings. */
export interface LoadedInstance {
  readonly key: string;
  readonly contextLength: number;
  readonly parallel: number;
  readonly device: string;
}

/** How long a request that needs more context waits for a model that is in use. */
const LARGER_CONTEXT_SECONDS = 30;

/** Large models on slow disks take minutes; a template in a hostile file may never end. */
const LOAD_MINUTES = 15;

const OF_OPENING: ReadonlySet<string> = new Set(['MODEL_LOAD_FAILED', 'MODEL_UNAVAILABLE']);

interface Slot {
  readonly key: string;
  readonly resident: boolean;
  /** See `Model`. */
  readonly version: string | undefined;
  readonly asked: number;
  readonly loading: Promise<LoadedModel>;
  readonly listeners: Set<(event: LoadEvent) => void>;
  model: LoadedModel | undefined;
  leases: number;
  /** Why it is unloaded once it is idle. */
  retired: string | undefined;
  idleTimer: NodeJS.Timeout | undefined;
  whenIdle: (() => void)[];
}

/**
 * Loads models on first use, one process each, shared by all requests; unloads idle ones; and forgets those whose
 * process died, so that the next request loads them again.
 */
export class ModelPool implements AsyncDisposable {
  readonly #options: ModelPoolOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #unloading = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: ModelPoolOptions) {
    this.#options = options;
  }

  /**
   * Waits until the model is loaded, with at least `contextLength` tokens of context if the request asks for more than
   * the default. Throws ServerError `MODEL_LOAD_FAILED`, `MODEL_UNAVAILABLE`, `INVALID_REQUEST` (a context beyond the
   * model's limit), `OVERLOADED` (the model stayed in use with less context for too long), and the reason of `signal`
   * when it fires. When it throws, no lease is held.
   */
  async acquire(
    model: Model,
    contextLength: number | undefined,
    onEvent: (event: LoadEvent) => void,
    signal: AbortSignal,
  ): Promise<ModelLease> {
    const wanted = this.contextFor(model, contextLength);
    using deadline = this.#deadline(wanted);
    for (;;) {
      this.#closing.signal.throwIfAborted();
      signal.throwIfAborted();
      const slot = this.#slots.get(model.key);
      if (slot === undefined) return this.#lease(this.#load(model, wanted, onEvent), onEvent, signal);
      if (slot.version !== model.version && slot.model !== undefined) {
        this.#retire(slot, 'its file was replaced');
        if (slot.leases === 0) continue;
      }
      if (slot.asked >= wanted) {
        if (slot.model === undefined) {
          onEvent({ type: 'start' });
          slot.listeners.add(onEvent);
        }
        return this.#lease(slot, onEvent, signal);
      }
      // The model is loaded with too little context: it is replaced as soon as it is idle. Only the request that needs
      // the larger context waits for that.
      await this.#idle(slot, AbortSignal.any([signal, deadline.signal]));
    }
  }

  /**
   * Returns the context for a request: the default, or the next power of two that holds what it asks for. The rounding
   * keeps a series of requests that each ask for one token more from reloading the model each time.
   */
  contextFor(model: Model, asked: number | undefined): number {
    const most = this.#mostContext(model, asked);
    const usual = model.resident ? Math.min(this.#options.contextLength, most) : most;
    if (asked === undefined || asked <= usual) return usual;
    return Math.min(most, 2 ** Math.ceil(Math.log2(asked)));
  }

  /** Whether a request needs more context than the default and than the loaded model has. */
  needsLargerLoad(model: Model, asked: number | undefined): boolean {
    const loaded = this.#slots.get(model.key)?.asked ?? 0;
    return this.contextFor(model, asked) > Math.max(loaded, this.contextFor(model, undefined));
  }

  loaded(): readonly LoadedInstance[] {
    return [...this.#slots.values()].flatMap(({ key, model }) =>
      model === undefined
        ? []
        : [{ key, contextLength: model.contextLength, parallel: model.parallel, device: model.device }],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ServerError('SHUTTING_DOWN', 'The server is shutting down.'));
    for (const slot of this.#slots.values()) this.#unload(slot, 'the server is going down');
    await Promise.allSettled(this.#unloading);
  }

  #deadline(contextLength: number): Disposable & { readonly signal: AbortSignal } {
    const late = new AbortController();
    const message =
      `The model is in use with less context than the ${contextLength} tokens that this request needs, and was not ` +
      `free for ${LARGER_CONTEXT_SECONDS} seconds. Try again later, or ask for less.`;
    const details = { retryAfterSeconds: LARGER_CONTEXT_SECONDS };
    const timer = setTimeout(
      () => late.abort(new ServerError('OVERLOADED', message, { field: 'contextLength', details })),
      LARGER_CONTEXT_SECONDS * 1000,
    );
    return { signal: late.signal, [Symbol.dispose]: () => clearTimeout(timer) };
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
  }

  #mostContext(model: Model, asked: number | undefined): number {
    const { description } = model;
    if (description instanceof Error) {
      const isPassing = description instanceof EngineError && description.code === 'MODEL_UNAVAILABLE';
      throw new ServerError(
        isPassing ? 'MODEL_UNAVAILABLE' : 'MODEL_LOAD_FAILED',
        `Model '${model.key}' can't be loaded: ${description.message}`,
        { field: 'model', cause: description },
      );
    }
    if (description.type === 'embedding') {
      throw new ServerError('INVALID_REQUEST', `Model '${model.key}' makes embeddings; it can't chat.`, {
        field: 'model',
      });
    }
    const { contextLength, maxContextLength = Number.POSITIVE_INFINITY } = this.#options;
    const most = Math.min(description.maxContextLength, Math.max(contextLength, maxContextLength));
    if (asked !== undefined && asked > most) {
      throw new ServerError(
        'INVALID_REQUEST',
        `A context of ${asked} tokens was asked for; model '${model.key}' takes at most ${most} here.`,
        { field: 'contextLength' },
      );
    }
    return most;
  }

  #load(model: Model, contextLength: number, onEvent: (event: LoadEvent) => void): Slot {
    const { logger, parallel, queue, onTurn } = this.#options;
    const { key } = model;
    const now = this.#options.now ?? (() => performance.now());
    const startedAt = now();
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
      onProgress: (progress) => tell({ type: 'progress', progress }),
    }).then((opened) => new QueuedModel(opened, queue, (times) => onTurn?.({ model: key, ...times })));
    const slot: Slot = {
      key,
      resident: model.resident,
      version: model.version,
      asked: contextLength,
      loading,
      listeners,
      model: undefined,
      leases: 0,
      retired: undefined,
      idleTimer: undefined,
      whenIdle: [],
    };
    this.#slots.set(key, slot);
    loading.then(
      (loaded) => {
        slot.model = loaded;
        const loadTimeSeconds = (now() - startedAt) / 1000;
        logger.info({ model: key, device: loaded.device, seconds: loadTimeSeconds, pid: loaded.pid }, 'model loaded');
        loaded.onLost((reason) => {
          logger.error({ model: key, reason: reason.message }, 'model lost');
          this.#forget(slot);
        });
        if (loaded.capabilities.cacheIsolation === 'none') {
          logger.warn(
            { model: key },
            'its engine caches prompts for all tokens alike: time shows what others have asked',
          );
        }
        tell({ type: 'end', loadTimeSeconds });
        listeners.clear();
        if (this.#options.keepOnlyLast && slot.resident) this.#retireOthers(slot);
      },
      (error: unknown) => {
        logger.warn({ model: key, err: error }, 'model could not be loaded');
        this.#forget(slot);
      },
    );
    return slot;
  }

  /** Loads a model; gives up when the pool closes, or when loading has taken so long that it will not finish. */
  async #loadInTime(model: Model, options: OpenOptions): Promise<LoadedModel> {
    const late = new AbortController();
    const message = `Model '${model.key}' was not loaded after ${LOAD_MINUTES} minutes; its file may be damaged.`;
    const timer = setTimeout(() => late.abort(new ServerError('MODEL_LOAD_FAILED', message)), LOAD_MINUTES * 60_000);
    try {
      return await this.#options.catalog.open(model, options, AbortSignal.any([this.#closing.signal, late.signal]));
    } catch (error) {
      const failure = fromEngine(error);
      // The error names the request parameter of the model, which the engine does not know.
      if (!(failure instanceof ServerError) || !OF_OPENING.has(failure.code)) throw failure;
      const { code, message, detail = message } = failure;
      throw new ServerError(code, message, { field: 'model', cause: error, detail });
    } finally {
      clearTimeout(timer);
    }
  }

  async #lease(slot: Slot, onEvent: (event: LoadEvent) => void, signal: AbortSignal): Promise<ModelLease> {
    slot.leases += 1;
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
    if (this.#slots.get(slot.key) !== slot) return;
    const reason = slot.retired ?? (slot.whenIdle.length > 0 ? 'a request needs more context' : undefined);
    if (reason !== undefined) {
      this.#unload(slot, reason);
      return;
    }
    slot.idleTimer = setTimeout(() => this.#unload(slot, 'idle'), this.#options.idleMilliseconds);
    slot.idleTimer.unref();
  }

  #retireOthers(last: Slot): void {
    for (const slot of this.#slots.values()) {
      if (slot !== last && slot.resident && slot.model !== undefined) this.#retire(slot, 'another model was loaded');
    }
  }

  /** Unloads a model as soon as it is idle. */
  #retire(slot: Slot, reason: string): void {
    if (slot.retired === undefined && slot.leases > 0) {
      this.#options.logger.info({ model: slot.key, reason }, 'a model is unloaded as soon as nobody uses it');
    }
    slot.retired = reason;
    if (slot.leases === 0) this.#unload(slot, reason);
  }

  #unload(slot: Slot, reason: string): void {
    if (this.#slots.get(slot.key) !== slot) return;
    this.#options.logger.info({ model: slot.key, reason }, 'model unloaded');
    this.#forget(slot);
    const unloading: Promise<void> = slot.loading
      .then((model) => model[Symbol.asyncDispose]())
      .catch((error: unknown) => this.#options.logger.warn({ model: slot.key, err: error }, 'unloading failed'))
      .finally(() => this.#unloading.delete(unloading));
    this.#unloading.add(unloading);
  }

  #forget(slot: Slot): void {
    clearTimeout(slot.idleTimer);
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key);
    for (const resolve of slot.whenIdle.splice(0)) resolve();
  }
}
