/** The process that a watchdog watches. */
export interface Watched {
  /** Asks the process for a sign of life; any message from it counts. */
  readonly ask: () => void;
  /** Called when the process has sent nothing for too long while it had work. */
  readonly giveUp: () => void;
}

/** How often a working process is asked. */
const ASK_MILLISECONDS = 1000;

/**
 * Kills a process that sends nothing while it has work. llama.cpp computes in threads of its own, so a process that is
 * merely slow still answers; one that does not is stuck in a call that never returns. It counts unanswered questions,
 * not time: while this process or the whole machine was suspended, the other process had no time to answer either.
 * Counting starts with its first message: a starting process cannot answer, and loading has a limit of its own.
 */
export class Watchdog {
  readonly #watched: Watched;
  readonly #patience: number;
  #work = 0;
  #unanswered = 0;
  #hasSpoken = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(watched: Watched, silenceMilliseconds: number) {
    this.#watched = watched;
    this.#patience = Math.max(1, Math.round(silenceMilliseconds / ASK_MILLISECONDS));
  }

  /** To be called with every message of the process. */
  heard(): void {
    this.#hasSpoken = true;
    this.#unanswered = 0;
  }

  /** Marks the process as working until the result is disposed. */
  work(): Disposable {
    this.#work += 1;
    if (this.#timer === undefined) {
      this.#unanswered = 0;
      this.#timer = setInterval(() => this.#look(), ASK_MILLISECONDS);
    }
    let over = false;
    return {
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        this.#work -= 1;
        if (this.#work === 0) this.stop();
      },
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#unanswered >= this.#patience) {
      this.stop();
      this.#watched.giveUp();
      return;
    }
    if (this.#hasSpoken) this.#unanswered += 1;
    this.#watched.ask();
  }
}
