import type { EngineCapabilities, EngineEvent, GenerateRequest, LoadedModel } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import type { EngineProcess, ProcessEnd } from './engine-process.ts';
import { EventStream } from './event-stream.ts';
import { causeOfEnd, describeEnd } from './process-end.ts';
import type { EngineReport } from './protocol.ts';
import { fromTransportedError } from './transported-error.ts';

/** The properties of a model that was just loaded. */
export interface LoadedLlamaModelOptions {
  readonly process: EngineProcess;
  readonly contextLength: number;
  readonly parallel: number;
  readonly device: string;
}

/** The server's side of a model that runs in a separate process. */
export class LoadedLlamaModel implements LoadedModel {
  readonly contextLength: number;
  readonly parallel: number;
  readonly device: string;
  readonly capabilities: EngineCapabilities = {
    tokenCounting: 'exact',
    cacheIsolation: 'scope',
    embeddings: false,
    vision: false,
    logprobs: false,
  };
  readonly pid?: number;
  readonly #process: EngineProcess;
  readonly #streams = new Map<number, EventStream>();
  readonly #counts = new Map<number, PromiseWithResolvers<number>>();
  readonly #lostListeners = new Set<(reason: Error) => void>();
  #lost: EngineError | undefined;
  #disposed: Promise<void> | undefined;
  #nextId = 1;

  constructor(options: LoadedLlamaModelOptions) {
    this.#process = options.process;
    this.contextLength = options.contextLength;
    this.parallel = options.parallel;
    this.device = options.device;
    if (options.process.pid !== undefined) this.pid = options.process.pid;
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<EngineEvent> {
    if (signal.aborted) return;
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#streams.size >= this.parallel) {
      throw new EngineError('OVERLOADED', `The model runs ${this.parallel} requests already.`);
    }
    const id = this.#nextId++;
    using _work = this.#process.work();
    this.#process.send({ type: 'generate', id, request });
    const stream = new EventStream();
    this.#streams.set(id, stream);
    const abort = (): void => this.#process.send({ type: 'abort', id });
    signal.addEventListener('abort', abort, { once: true });
    let over = false;
    try {
      for await (const event of stream) {
        if (!signal.aborted || event.type === 'finish' || event.type === 'interrupted') yield event;
      }
      over = true;
    } catch (error) {
      over = true;
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      if (!over) await this.#abandon(id, stream);
    }
  }

  /** Aborts an answer that is no longer read. It keeps its sequence until the process has released it. */
  async #abandon(id: number, stream: EventStream): Promise<void> {
    this.#process.send({ type: 'abort', id });
    await stream.ended;
  }

  async countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    if (this.#lost !== undefined) throw this.#lost;
    const id = this.#nextId++;
    const counting = Promise.withResolvers<number>();
    using _work = this.#process.work();
    this.#process.send({ type: 'count', id, request });
    const abort = (): void => {
      this.#process.send({ type: 'abort', id });
      counting.reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#counts.set(id, counting);
    try {
      return await counting.promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#counts.delete(id);
    }
  }

  /** Resolves when the model's process has ended, whether it was disposed or lost. */
  get gone(): Promise<void> {
    return this.#process.ended;
  }

  onLost(listener: (reason: Error) => void): Disposable {
    this.#lostListeners.add(listener);
    return { [Symbol.dispose]: () => this.#lostListeners.delete(listener) };
  }

  /** To be called with every report of the process. */
  receive(report: EngineReport): void {
    if (report.type === 'generation.events') this.#streams.get(report.id)?.push(report.events);
    if (report.type === 'count.end') this.#counted(report);
    if (report.type !== 'generation.end') return;
    const stream = this.#streams.get(report.id);
    this.#streams.delete(report.id);
    stream?.end(report.error === undefined ? undefined : fromTransportedError(report.error));
  }

  #counted({ id, outcome }: Extract<EngineReport, { type: 'count.end' }>): void {
    const counting = this.#counts.get(id);
    if (typeof outcome === 'number') counting?.resolve(outcome);
    else counting?.reject(fromTransportedError(outcome));
  }

  /** To be called once when the process has ended. */
  processEnded(end: ProcessEnd): void {
    if (this.#disposed !== undefined) return;
    const cause = causeOfEnd(end);
    const why = cause === undefined ? '' : `: ${cause}`;
    const reason = new EngineError('MODEL_CRASHED', `The model’s process ended unexpectedly${why}. Try again.`, {
      detail: describeEnd(end),
    });
    this.#fail(reason);
    for (const listener of this.#lostListeners) listener(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    await this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#fail(new EngineError('MODEL_UNLOADED', 'The model was unloaded while the request ran. Try again.'));
    await this.#process.stop();
  }

  #fail(reason: EngineError): void {
    this.#lost ??= reason;
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.end(this.#lost);
    for (const counting of this.#counts.values()) counting.reject(this.#lost);
  }
}
