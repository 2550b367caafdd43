import { EngineError, type Model } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import type { ModelSettings } from './instance.ts';

/** How long a request that needs more context waits for a model that is in use. */
const LARGER_CONTEXT_SECONDS = 30;

export interface ContextLimitsOptions {
  readonly contextLength: number;
  readonly maxContextLength?: number;
  readonly settingsOf?: (key: string) => ModelSettings;
}

/** How many tokens of context a request can have. */
export class ContextLimits {
  readonly #options: ContextLimitsOptions;

  constructor(options: ContextLimitsOptions) {
    this.#options = options;
  }

  /**
   * Returns the context for a request: the default, or the next power of two that holds what it asks for. The rounding
   * keeps a series of requests that each ask for one token more from reloading the model each time.
   */
  contextFor(model: Model, asked: number | undefined): number {
    const most = this.most(model, asked);
    const usual = model.resident ? Math.min(this.#usual(model.key), most) : most;
    if (asked === undefined || asked <= usual) return usual;
    return Math.min(most, 2 ** Math.ceil(Math.log2(asked)));
  }

  /** The most that a request can ask for. Throws ServerError for a model that cannot be used, and for more than that. */
  most(model: Model, asked?: number): number {
    const { description } = model;
    if (description instanceof Error) {
      const isPassing = description instanceof EngineError && description.code === 'MODEL_UNAVAILABLE';
      throw new ServerError(
        isPassing ? 'MODEL_UNAVAILABLE' : 'MODEL_LOAD_FAILED',
        `Model '${model.key}' can't be loaded: ${description.message}`,
        { field: 'model', cause: description },
      );
    }
    const { maxContextLength = Number.POSITIVE_INFINITY } = this.#options;
    const most = Math.min(description.maxContextLength, Math.max(this.#usual(model.key), maxContextLength));
    if (asked !== undefined && asked > most) {
      throw new ServerError(
        'INVALID_REQUEST',
        `A context of ${asked} tokens was asked for; model '${model.key}' takes at most ${most} here.`,
        { field: 'contextLength' },
      );
    }
    return most;
  }

  #usual(key: string): number {
    return this.#options.settingsOf?.(key).contextLength ?? this.#options.contextLength;
  }
}

/** The time that a request waits for a model that has less context than it needs. Fires with ServerError `OVERLOADED`. */
export function waitForContext(contextLength: number): Disposable & { readonly signal: AbortSignal } {
  const late = new AbortController();
  const message =
    `The model is in use with less context than the ${contextLength} tokens that this request needs, or is being ` +
    `unloaded, and was not free for ${LARGER_CONTEXT_SECONDS} seconds. Try again later, or ask for less.`;
  const details = { retryAfterSeconds: LARGER_CONTEXT_SECONDS };
  const timer = setTimeout(
    () => late.abort(new ServerError('OVERLOADED', message, { field: 'contextLength', details })),
    LARGER_CONTEXT_SECONDS * 1000,
  );
  return { signal: late.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
