import type { DecideRequest, Decider, Decisions, EngineError } from '@latchkey/engine';
import type { EngineProcess } from './engine-process.ts';
import { type EngineCommand, type EngineReport, isError } from './protocol.ts';
import { fromTransportedError } from './transported-error.ts';

/** What a decider shares with its model. */
export interface RemoteDeciderOptions {
  readonly process: EngineProcess;
  readonly nextId: () => number;
  /** Throws when the model is gone, or runs as much as it can. */
  readonly requirePlace: () => void;
  readonly count: (toCommand: (id: number) => EngineCommand, signal: AbortSignal) => Promise<number>;
}

/** The server's side of a model in a separate process that answers questions with probabilities. */
export class RemoteDecider implements Decider {
  readonly #options: RemoteDeciderOptions;
  readonly #running = new Map<number, PromiseWithResolvers<Decisions>>();

  constructor(options: RemoteDeciderOptions) {
    this.#options = options;
  }

  /** How many requests have a place. */
  get running(): number {
    return this.#running.size;
  }

  /** A request keeps its place until the process has released it. */
  async decide(request: DecideRequest, signal: AbortSignal): Promise<Decisions> {
    const { process, nextId, requirePlace } = this.#options;
    if (signal.aborted) return { probabilities: [], promptTokens: 0, cachedTokens: 0 };
    requirePlace();
    const id = nextId();
    const running = Promise.withResolvers<Decisions>();
    this.#running.set(id, running);
    using _work = process.work();
    process.send({ type: 'decide', id, request });
    const abort = (): void => process.send({ type: 'abort', id });
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await running.promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#running.delete(id);
    }
  }

  count(request: DecideRequest, signal: AbortSignal): Promise<number> {
    return this.#options.count((id) => ({ type: 'count-decision', id, request }), signal);
  }

  /** To be called with every report of the process. */
  receive(report: EngineReport): void {
    if (report.type !== 'decide.end') return;
    const running = this.#running.get(report.id);
    if (isError(report.outcome)) running?.reject(fromTransportedError(report.outcome));
    else running?.resolve(report.outcome);
  }

  /** Fails what runs. */
  fail(reason: EngineError): void {
    for (const { reject } of this.#running.values()) reject(reason);
  }
}
