import type { EngineCapabilities, EngineEvent, GenerateRequest, LoadedModel } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import type { TurnTimes } from '../telemetry/metrics.ts';
import { fromEngine } from './engine-failure.ts';
import { EventQueue } from './event-queue.ts';
import { FairQueue } from './fair-queue.ts';

type OnTurn = (times: Omit<TurnTimes, 'model'>) => void;

/**
 * A model with a queue in front of it; it throws ServerErrors. A turn's place is free as soon as the engine has
 * finished the turn, even if its events are read slowly or not at all.
 */
export class QueuedModel implements LoadedModel {
  readonly #model: LoadedModel;
  readonly #queue: FairQueue;
  readonly #gone = new AbortController();
  readonly #onTurn: OnTurn;

  /** @param waiting how many turns may wait */
  constructor(model: LoadedModel, waiting: number, onTurn: OnTurn = () => undefined) {
    this.#model = model;
    this.#onTurn = onTurn;
    this.#queue = new FairQueue({ places: model.parallel, waiting });
    model.onLost((reason) => this.#gone.abort(fromEngine(reason)));
  }

  get contextLength(): number {
    return this.#model.contextLength;
  }

  get parallel(): number {
    return this.#model.parallel;
  }

  get device(): string {
    return this.#model.device;
  }

  get capabilities(): EngineCapabilities {
    return this.#model.capabilities;
  }

  get pid(): number | undefined {
    return this.#model.pid;
  }

  /** Throws ServerError `OVERLOADED` when too many turns are waiting, and otherwise as the engine does. */
  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const leaving = new AbortController();
    const stop = AbortSignal.any([signal, leaving.signal]);
    const askedAt = performance.now();
    const place = await this.#queue.enter(request.share, AbortSignal.any([signal, this.#gone.signal]));
    if (place === undefined) {
      if (signal.aborted) return;
      throw this.#gone.signal.reason;
    }
    const enteredAt = performance.now();
    let firstTokenSeconds: number | undefined;
    const events = new EventQueue<EngineEvent>();
    const run = async (): Promise<void> => {
      using running = place;
      const used = new TokensSoFar();
      try {
        for await (const event of this.#model.generate(request, stop)) {
          running.charge(used.after(event));
          if (event.type === 'finish') firstTokenSeconds = event.timeToFirstTokenSeconds;
          events.push(event);
        }
        events.end();
      } catch (error) {
        events.fail(fromEngine(error));
      }
    };
    const ran = run();
    try {
      yield* events;
    } finally {
      leaving.abort();
      await ran;
      this.#onTurn({
        waitedSeconds: (enteredAt - askedAt) / 1000,
        seconds: (performance.now() - enteredAt) / 1000,
        ...(firstTokenSeconds === undefined ? {} : { firstTokenSeconds }),
      });
    }
  }

  async countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    try {
      return await this.#model.countPrompt(request, signal);
    } catch (error) {
      throw fromEngine(error);
    }
  }

  onLost(listener: (reason: Error) => void): Disposable {
    return this.#model.onLost(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone.abort(
      new ServerError('MODEL_UNLOADED', 'The model was unloaded while the request waited for its turn. Try again.'),
    );
    await this.#model[Symbol.asyncDispose]();
  }
}

/** Counts the tokens of a turn. Until the engine reports its own count, a piece of text counts as one token. */
class TokensSoFar {
  #tokens = 0;

  after(event: EngineEvent): number {
    if (event.type === 'prompt.progress') this.#tokens = Math.max(this.#tokens, event.processed);
    else if (event.type === 'finish' || event.type === 'interrupted') {
      this.#tokens = event.usage.promptTokens + event.usage.outputTokens;
    } else this.#tokens += 1;
    return this.#tokens;
  }
}
