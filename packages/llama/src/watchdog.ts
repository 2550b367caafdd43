/** What a watchdog watches. */
export interface Watched {
  /** Asks the process for a sign of life; whatever it says counts as one. */
  readonly ask: () => void;
  /** The process has said nothing for too long while it had work. */
  readonly giveUp: () => void;
}

/** How often a working process is asked. */
const ASK_MILLISECONDS = 1000;

/**
 * Ends a process that says nothing while work is out. llama.cpp computes in threads of its own, so a process that is
 * merely slow still answers; one that does not is stuck in something that never returns. Counted are questions in a
 * row, not time: when this process or the whole machine stood still, the other one has had no time to answer either.
 * They count from its first word on: a process that only starts cannot answer, and loading has a limit of its own.
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

  /** To be told of everything that the process says. */
  heard(): void {
    this.#hasSpoken = true;
    this.#unanswered = 0;
  }

  /** The process has work until the result is disposed. */
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
