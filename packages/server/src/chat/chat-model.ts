import type { LoadedModel, Model } from '@latchkey/engine';
import type { ChatEvent } from '../contracts/chat-event.ts';
import type { ChatRequest } from '../contracts/chat-request.ts';
import { ServerError } from '../contracts/server-error.ts';
import { EventQueue } from '../models/event-queue.ts';
import type { LoadEvent, ModelLease, ModelPool } from '../models/model-pool.ts';

/** Reports the loading of a model. */
export type ModelLoadEvent = Extract<ChatEvent, { readonly type: `model_load.${string}` }>;

/**
 * The model of a chat. It is leased for one round at a time, so others can use it while a tool runs or a person is
 * asked.
 */
export class ChatModel {
  loadTimeSeconds: number | undefined;
  readonly #pool: ModelPool;
  readonly #model: Model;
  readonly #contextLength: number | undefined;
  readonly #keepAlive: number | undefined;
  readonly #named: string | undefined;
  #mayReload = true;

  /** @param asked what the caller may have of what its request wants */
  constructor(
    pool: ModelPool,
    model: Model,
    asked: Pick<ChatRequest, 'contextLength' | 'keepAliveMilliseconds'> & { readonly model?: string },
  ) {
    this.#pool = pool;
    this.#model = model;
    this.#contextLength = asked.contextLength;
    this.#keepAlive = asked.keepAliveMilliseconds;
    this.#named = asked.model;
  }

  /** The context of a round in tokens, known before the model is loaded. Throws as `ModelPool.acquire` does. */
  get contextLength(): number {
    return this.#pool.contextFor(this.#model, this.#contextLength);
  }

  /** The context of a round in tokens on the loaded model. */
  roomOn({ contextLength }: LoadedModel): number {
    return Math.min(this.#contextLength ?? contextLength, contextLength);
  }

  /** Leases the model, which is loaded if needed. When `signal` fires, throws its reason and holds nothing. */
  async *lease(signal: AbortSignal): AsyncGenerator<ModelLoadEvent, ModelLease> {
    signal.throwIfAborted();
    const model = this.#model.key;
    const events = new EventQueue<LoadEvent>();
    const leaving = new AbortController();
    const acquiring = this.#pool
      .acquire(
        this.#model,
        this.#contextLength,
        (event) => events.push(event),
        AbortSignal.any([signal, leaving.signal]),
        this.#keepAlive,
        this.#named,
      )
      .finally(() => events.end());
    // Without a handler here, a failure during the loop below would count as an unhandled rejection.
    acquiring.catch(() => {});
    let reading = true;
    try {
      for await (const event of events) {
        if (event.type === 'start') yield { type: 'model_load.start', model };
        else if (event.type === 'progress') yield { type: 'model_load.progress', model, progress: event.progress };
        else {
          this.loadTimeSeconds ??= event.loadTimeSeconds;
          yield { type: 'model_load.end', model, loadTimeSeconds: event.loadTimeSeconds };
        }
      }
      reading = false;
    } finally {
      if (reading) {
        leaving.abort(new Error('the reader has left'));
        acquiring.then(
          (lease) => lease[Symbol.dispose](),
          () => {},
        );
      }
    }
    return acquiring;
  }

  /** Whether to load a crashed model again; true at most once. */
  reloadsAfter(error: unknown, signal: AbortSignal): boolean {
    const crashed = error instanceof ServerError && error.code === 'MODEL_CRASHED';
    if (!crashed || !this.#mayReload || signal.aborted) return false;
    this.#mayReload = false;
    return true;
  }
}
