/** Reports when something has not been used for a while. It does not keep the process alive. */
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

  /** Stops the timer; the next use starts it again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    // Refreshing one timer costs less than creating one for each use.
    if (this.#timer !== undefined) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#fire(), this.#milliseconds).unref();
  }

  #fire(): void {
    this.#timer = undefined;
    if (this.#users === 0) this.#onIdle();
  }
}
