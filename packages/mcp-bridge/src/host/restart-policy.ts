const firstDelayMs = 500;
const longestDelayMs = 30_000;
/** A server that ran this long before it died counts as healthy again. */
const stableMs = 60_000;
/** This many failures within this time open the circuit. */
const failuresThatOpen = 5;
const failureWindowMs = 120_000;
/** A delay is shortened by up to this part, so that servers that failed together do not restart together. */
const jitter = 0.25;

/**
 * Decides when a failed server may be started again: at once after the first failure, then after 0.5 s, 1 s and 2 s.
 * The fifth failure within two minutes opens the circuit. From then on there is one attempt every 30 s (half open),
 * until the server has run for a minute. A server is started only when a request needs it; all waiting requests share
 * the start.
 */
export class RestartPolicy {
  readonly #now: () => number;
  readonly #random: () => number;
  #failures: number[] = [];
  #open = false;
  #retryAt = Number.NEGATIVE_INFINITY;

  /** @param random from 0 up to 1, for the jitter */
  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  /** Milliseconds until the next start is allowed; 0 means now. */
  get waitMs(): number {
    return Math.max(0, this.#retryAt - this.#now());
  }

  /** Whether it failed too often: it is then started at most once every 30 s. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** The server failed to start or died, `livedMs` after its start began. */
  failed(livedMs: number): void {
    const now = this.#now();
    if (livedMs >= stableMs) {
      this.#failures = [];
      this.#open = false;
    }
    this.#failures = [...this.#failures.filter((time) => now - time < failureWindowMs), now];
    this.#open ||= this.#failures.length >= failuresThatOpen;
    this.#retryAt = now + this.#delay() * (1 - jitter * this.#random());
  }

  #delay(): number {
    if (this.#open) return longestDelayMs;
    const earlier = this.#failures.length - 1;
    return earlier === 0 ? 0 : firstDelayMs * 2 ** (earlier - 1);
  }
}
