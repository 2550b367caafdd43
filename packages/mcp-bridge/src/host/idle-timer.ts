/** Says when nobody has used something for a while. Keeps no process alive. */
export class IdleTimer {
  readonly #milliseconds: number;
  readonly #onIdle: () => void;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(milliseconds: number, onIdle: () => void) {
    this.#milliseconds = milliseconds;
    this.#onIdle = onIdle;
  }

  /** Runs a task during which it is in use. */
  async during<T>(task: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await task();
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#wait();
    }
  }

  /** Forgets that it waits; the next use starts it anew. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    // One timer that is set anew costs less than one for each use.
    if (this.#timer !== undefined) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#fire(), this.#milliseconds).unref();
  }

  #fire(): void {
    this.#timer = undefined;
    if (this.#users === 0) this.#onIdle();
  }
}
