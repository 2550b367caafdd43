const firstDelayMs = 500;
const longestDelayMs = 30_000;
/** A server that lived so long before it died starts with a clean slate. */
const stableMs = 60_000;

/**
 * When a server that failed may be started again: at once after the first failure, then after 0.5 s, 1 s, 2 s … 30 s.
 * Starts happen only when a request needs the server and are shared by all that wait, so this is a circuit breaker:
 * once the delay has passed, one attempt decides for all.
 */
export class RestartPolicy {
  readonly #now: () => number;
  #failures = 0;
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until the next start is allowed; 0 is now. */
  get waitMs(): number {
    return Math.max(0, this.#retryAt - this.#now());
  }

  /** The server failed to start or died, `livedMs` after its start began. */
  failed(livedMs: number): void {
    this.#failures = livedMs >= stableMs ? 1 : this.#failures + 1;
    const delay = this.#failures === 1 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (this.#failures - 2));
    this.#retryAt = this.#now() + delay;
  }
}
