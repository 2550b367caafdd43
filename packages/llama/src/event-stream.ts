import type { EngineEvent } from '@latchkey/engine';

/** A queue of one generation's events for a single reader: batches in, single events out, then an end or an error. */
export class EventStream implements AsyncIterable<EngineEvent> {
  #batches: (readonly EngineEvent[])[] = [];
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #over = Promise.withResolvers<void>();

  /** Resolves when the stream has ended and nothing more is pushed. */
  get ended(): Promise<void> {
    return this.#over.promise;
  }

  push(events: readonly EngineEvent[]): void {
    if (this.#ended) return;
    this.#batches.push(events);
    this.#wake?.();
  }

  /** Ends the stream; only the first call has an effect. Events pushed before are still read. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#over.resolve();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EngineEvent> {
    for (;;) {
      const batches = this.#batches;
      this.#batches = [];
      for (const batch of batches) yield* batch;
      if (batches.length > 0) continue;
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
