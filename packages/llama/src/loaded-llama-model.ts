import type { EngineCapabilities, EngineEvent, GenerateRequest, LoadedModel, ReadPrompt } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import type { EngineProcess, ProcessEnd } from './engine-process.ts';
import { EventStream } from './event-stream.ts';
import { causeOfEnd, describeEnd } from './process-end.ts';
import { type EngineCommand, type EngineReport, isError, type TransportedError } from './protocol.ts';
import { RemoteDecider } from './remote-decider.ts';
import { RemoteEmbedder } from './remote-embedder.ts';
import { fromTransportedError } from './transported-error.ts';

/** The properties of a model that was just loaded. */
export interface LoadedLlamaModelOptions {
  readonly process: EngineProcess;
  readonly contextLength: number;
  readonly parallel: number;
  readonly device: string;
  /** Whether it makes embeddings instead of answers. */
  readonly embeds: boolean;
}

/** The server's side of a model that runs in a separate process. */
export class LoadedLlamaModel implements LoadedModel {
  readonly contextLength: number;
  readonly parallel: number;
  readonly device: string;
  readonly capabilities: EngineCapabilities;
  readonly pid?: number;
  readonly embedder: RemoteEmbedder | undefined;
  readonly decider: RemoteDecider | undefined;
  readonly #process: EngineProcess;
  readonly #streams = new Map<number, EventStream>();
  readonly #counts = new Map<number, PromiseWithResolvers<number>>();
  readonly #readings = new Map<number, PromiseWithResolvers<ReadPrompt>>();
  readonly #lostListeners = new Set<(reason: Error) => void>();
  #lost: EngineError | undefined;
  #disposed: Promise<void> | undefined;
  #nextId = 1;

  constructor(options: LoadedLlamaModelOptions) {
    this.#process = options.process;
    this.contextLength = options.contextLength;
    this.parallel = options.parallel;
    this.device = options.device;
    this.capabilities = {
      tokenCounting: 'exact',
      cacheIsolation: 'scope',
      embeddings: options.embeds,
      decisions: !options.embeds,
      vision: false,
      logprobs: false,
    };
    this.embedder = options.embeds ? this.#createEmbedder() : undefined;
    this.decider = options.embeds ? undefined : this.#createDecider();
    if (options.process.pid !== undefined) this.pid = options.process.pid;
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<EngineEvent> {
    if (signal.aborted) return;
    this.#requirePlace();
    this.#requireChat();
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
    this.#requireChat();
    return this.#count((id) => ({ type: 'count', id, request }), signal);
  }

  async readPrompt(request: GenerateRequest, signal: AbortSignal): Promise<ReadPrompt> {
    signal.throwIfAborted();
    this.#requireChat();
    return this.#ask(this.#readings, (id) => ({ type: 'read', id, request }), signal);
  }

  #createEmbedder(): RemoteEmbedder {
    return new RemoteEmbedder({
      process: this.#process,
      parallel: this.parallel,
      nextId: () => this.#nextId++,
      lost: () => this.#lost,
      count: (toCommand, signal) => this.#count(toCommand, signal),
    });
  }

  #createDecider(): RemoteDecider {
    return new RemoteDecider({
      process: this.#process,
      nextId: () => this.#nextId++,
      requirePlace: () => this.#requirePlace(),
      count: (toCommand, signal) => this.#count(toCommand, signal),
    });
  }

  #requirePlace(): void {
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#streams.size + (this.decider?.running ?? 0) < this.parallel) return;
    throw new EngineError('OVERLOADED', `The model runs ${this.parallel} requests already.`);
  }

  #requireChat(): void {
    if (this.embedder === undefined) return;
    throw new EngineError('INVALID_REQUEST', 'The model makes embeddings; it cannot chat.', { field: 'messages' });
  }

  #count(toCommand: (id: number) => EngineCommand, signal: AbortSignal): Promise<number> {
    return this.#ask(this.#counts, toCommand, signal);
  }

  /** Sends a command that is answered once. */
  async #ask<T>(
    asked: Map<number, PromiseWithResolvers<T>>,
    toCommand: (id: number) => EngineCommand,
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#lost !== undefined) throw this.#lost;
    const id = this.#nextId++;
    const answer = Promise.withResolvers<T>();
    using _work = this.#process.work();
    this.#process.send(toCommand(id));
    const abort = (): void => {
      this.#process.send({ type: 'abort', id });
      answer.reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    asked.set(id, answer);
    try {
      return await answer.promise;
    } finally {
      signal.removeEventListener('abort', abort);
      asked.delete(id);
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
    if (report.type === 'count.end') settle(this.#counts.get(report.id), report.outcome);
    if (report.type === 'read.end') settle(this.#readings.get(report.id), report.outcome);
    this.embedder?.receive(report);
    this.decider?.receive(report);
    if (report.type !== 'generation.end') return;
    const stream = this.#streams.get(report.id);
    this.#streams.delete(report.id);
    stream?.end(report.error === undefined ? undefined : fromTransportedError(report.error));
  }

  /** To be called once when the process has ended. */
  processEnded(end: ProcessEnd): void {
    if (this.#disposed !== undefined) return;
    const cause = causeOfEnd(end);
    const why = cause === undefined ? '' : `: ${cause}`;
    const reason = new EngineError('MODEL_CRASHED', `The process of the model ended unexpectedly${why}. Try again.`, {
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
    for (const answer of [...this.#counts.values(), ...this.#readings.values()]) answer.reject(this.#lost);
    this.embedder?.fail(this.#lost);
    this.decider?.fail(this.#lost);
  }
}

/** Answers what was asked, unless it is no longer waited for. */
function settle<T extends number | object>(
  asked: PromiseWithResolvers<T> | undefined,
  outcome: T | TransportedError,
): void {
  if (isError(outcome)) asked?.reject(fromTransportedError(outcome));
  else asked?.resolve(outcome);
}
