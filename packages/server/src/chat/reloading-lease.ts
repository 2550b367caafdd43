import type { ChatEvent } from '../contracts/chat-event.ts';
import type { EngineEvent, GenerateRequest, LoadedModel } from '../contracts/inference-engine.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { LoadEvent, ModelLease, ModelPool } from '../models/model-pool.ts';
import type { RegisteredModel } from '../models/model-registry.ts';
import { EventQueue } from './event-queue.ts';

/** Holds the model for a chat, and gets it anew, once, when it dies before it has said anything in a round. */
export class ReloadingLease implements AsyncDisposable {
  loadTimeSeconds: number | undefined;
  readonly #pool: ModelPool;
  readonly #model: RegisteredModel;
  readonly #contextLength: number | undefined;
  #lease: ModelLease | undefined;
  #mayReload = true;
  #disposed = false;

  constructor(pool: ModelPool, model: RegisteredModel, contextLength: number | undefined) {
    this.#pool = pool;
    this.#model = model;
    this.#contextLength = contextLength;
  }

  /** Tokens of context that each request has on the model; 0 before it is loaded. */
  get contextLength(): number {
    return this.#lease?.model.contextLength ?? 0;
  }

  /** Loads the model. When the signal fires nobody waits any more, though others may go on loading it. */
  async *load(signal: AbortSignal): AsyncGenerator<ChatEvent> {
    signal.throwIfAborted();
    const model = this.#model.file.key;
    const events = new EventQueue<LoadEvent>();
    const end = (): void => events.end();
    signal.addEventListener('abort', end, { once: true });
    const acquiring = this.#acquire((event) => events.push(event)).finally(() => {
      signal.removeEventListener('abort', end);
      end();
    });
    // Without a listener now, a failure during the loop below would count as unhandled.
    acquiring.catch(() => {});
    for await (const event of events) {
      if (event.type === 'start') yield { type: 'model_load.start', model };
      else if (event.type === 'progress') yield { type: 'model_load.progress', model, progress: event.progress };
      else yield { type: 'model_load.end', model, loadTimeSeconds: event.loadTimeSeconds };
    }
    signal.throwIfAborted();
    await acquiring;
  }

  /** How many tokens the prompt has. */
  async countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    for (;;) {
      const model = await this.#loaded();
      try {
        return (await model?.countPrompt(request, signal)) ?? 0;
      } catch (error) {
        if (!this.#reloadsAfter(error, signal)) throw error;
      }
    }
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    for (;;) {
      const model = await this.#loaded();
      let spoken = false;
      try {
        for await (const event of model?.generate(request, signal) ?? []) {
          spoken ||= event.type !== 'prompt.progress';
          yield event;
        }
        return;
      } catch (error) {
        if (spoken || !this.#reloadsAfter(error, signal)) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#release();
  }

  async #acquire(onEvent: (event: LoadEvent) => void): Promise<void> {
    this.#lease = await this.#pool.acquire(this.#model, this.#contextLength, (event) => {
      if (event.type === 'end') this.loadTimeSeconds = event.loadTimeSeconds;
      onEvent(event);
    });
    // The caller may have gone while the model was loading.
    if (this.#disposed) this.#release();
  }

  /** The model; undefined when the chat is over by the time that it is there. */
  async #loaded(): Promise<LoadedModel | undefined> {
    if (this.#lease === undefined) await this.#acquire(() => {});
    return this.#lease?.model;
  }

  /** Whether it lets go of a model that has died, so that the next attempt loads it anew. */
  #reloadsAfter(error: unknown, signal: AbortSignal): boolean {
    const crashed = error instanceof ServerError && error.code === 'MODEL_CRASHED';
    if (!crashed || !this.#mayReload || signal.aborted) return false;
    this.#mayReload = false;
    this.#release();
    return true;
  }

  #release(): void {
    this.#lease?.[Symbol.dispose]();
    this.#lease = undefined;
  }
}
