import type { Recording } from './recording.ts';
import type { StoredAnswer } from './stored-answer.ts';

export interface KeyedRunOptions {
  /** Fires when the server must stop the request. */
  readonly stopping: AbortSignal;
  /** Stores the answer; undefined: the request was carried out and no answer is stored. Must not throw. */
  readonly keep: (answer: StoredAnswer | undefined) => Promise<void>;
  /** Releases the key. Must not throw. */
  readonly release: () => Promise<void>;
}

/** The status and the headers of a stream. */
export type StreamHead = Pick<Extract<StoredAnswer, { status: number }>, 'status' | 'headers'>;

/** A stream that one request has started, for repeats with its key. */
export interface SharedStream extends StreamHead {
  readonly recording: Recording;
}

/** A request in progress on this server. It goes on if its caller disconnects: a caller with a key may return. */
export class KeyedRun {
  readonly stopping: AbortSignal;
  /** Resolves once nothing of it is running and its result is stored. */
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

  /** Ends the run with its answer, or without one. */
  async answer(answer: StoredAnswer | undefined): Promise<void> {
    await this.#options.keep(answer);
    this.#ended.resolve();
  }

  /** Ends the run and releases the key: nothing was done. */
  async release(): Promise<void> {
    await this.#options.release();
    this.#ended.resolve();
  }

  /** Lets repeats of the request follow the stream. */
  share(stream: SharedStream): void {
    this.#stream = stream;
    this.#shown.resolve();
  }

  /** Waits for a stream, which it returns, or for the end of the run. */
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
