import type { EngineCapabilities, EngineEvent, GenerateRequest, LoadedModel } from '@latchkey/engine';
import { EventStream } from '../src/event-stream.ts';

/** A model that lets turns beyond `parallel` wait, first come, first served; a server has a queue of its own. */
export class InTurn implements LoadedModel {
  readonly contextLength: number;
  readonly parallel: number;
  readonly device: string;
  readonly capabilities: EngineCapabilities;
  readonly pid: number | undefined;
  readonly #model: LoadedModel;
  readonly #waiting: ((hasPlace: boolean) => void)[] = [];
  #running = 0;

  constructor(model: LoadedModel) {
    this.#model = model;
    this.contextLength = model.contextLength;
    this.parallel = model.parallel;
    this.device = model.device;
    this.capabilities = model.capabilities;
    this.pid = model.pid;
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    if (!(await this.#enter(signal))) return;
    const events = new EventStream();
    const leaving = new AbortController();
    const ran = this.#run(request, AbortSignal.any([signal, leaving.signal]), events);
    try {
      yield* events;
    } finally {
      leaving.abort();
      await ran;
    }
  }

  /** The place is free when the model is done with the turn, whether its events are read or not. */
  async #run(request: GenerateRequest, signal: AbortSignal, events: EventStream): Promise<void> {
    try {
      for await (const event of this.#model.generate(request, signal)) events.push([event]);
      events.end();
    } catch (error) {
      events.end(error as Error);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next(true);
    }
  }

  async #enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#running < this.parallel) {
      this.#running += 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push(resolve);
    const giveUp = (): void => {
      const place = this.#waiting.indexOf(resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      resolve(false);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    return promise;
  }

  countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    return this.#model.countPrompt(request, signal);
  }

  onLost(listener: (reason: Error) => void): Disposable {
    return this.#model.onLost(listener);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#model[Symbol.asyncDispose]();
  }
}
