import type { Recording } from './recording.ts';
import type { StoredAnswer } from './stored-answer.ts';

export interface KeyedRunOptions {
  /** Fires when the server can wait no longer. */
  readonly stopping: AbortSignal;
  /** Keeps the answer; undefined: it was carried out, and no answer is kept. It must not throw. */
  readonly keep: (answer: StoredAnswer | undefined) => Promise<void>;
  /** Gives the key back. It must not throw. */
  readonly release: () => Promise<void>;
}

/** What a stream begins with. */
export type StreamHead = Pick<Extract<StoredAnswer, { status: number }>, 'status' | 'headers'>;

/** A stream that one request has begun, for others with its key. */
export interface SharedStream extends StreamHead {
  readonly recording: Recording;
}

/** A request that is carried out on this server. It goes on when its caller has left: a caller with a key may come back. */
export class KeyedRun {
  readonly stopping: AbortSignal;
  /** Resolves once nothing of it runs any more, and what is kept of it is kept. */
  readonly ended: Promise<void>;
  #stream: SharedStream | undefined;
  readonly #options: KeyedRunOptions;
  readonly #ended = Promise.withResolvers<void>();
  readonly #shown = Promise.withResolvers<void>();

  constructor(options: KeyedRunOptions) {
    this.#options = options;
    this.stopping = options.stopping;
    this.ended = this.#ended.promise;
  }

  /** Ends it with its answer, or without one. */
  async answer(answer: StoredAnswer | undefined): Promise<void> {
    await this.#options.keep(answer);
    this.#ended.resolve();
  }

  /** Ends it as if it had never been: nothing was done. */
  async release(): Promise<void> {
    await this.#options.release();
    this.#ended.resolve();
  }

  /** Lets others follow what was recorded. */
  share(stream: SharedStream): void {
    this.#stream = stream;
    this.#shown.resolve();
  }

  /** Waits for a stream, which it returns, or for the end. */
  async streamOrEnd(signal: AbortSignal): Promise<SharedStream | undefined> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#shown.promise, this.ended, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
    return this.#stream;
  }
}
