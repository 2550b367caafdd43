const firstDelayMs = 500;
const longestDelayMs = 30_000;
/** A server that lived so long before it died starts with a clean slate. */
const stableMs = 60_000;
/** So many failures in so long open the circuit. */
const failuresThatOpen = 5;
const failureWindowMs = 120_000;
/** A delay is shortened by up to this part of it, so that hosts that failed together do not return together. */
const jitter = 0.25;

/**
 * When a server that failed may be started again: at once after the first failure, then after 0.5 s, 1 s and 2 s. The
 * fifth failure in two minutes opens the circuit: from then on one attempt every 30 s decides for all (half open), until
 * the server has lived for a minute. Starts happen only when a request needs the server, and are shared by all that wait.
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

  /** Milliseconds until the next start is allowed; 0 is now. */
  get waitMs(): number {
    return Math.max(0, this.#retryAt - this.#now());
  }

  /** It failed too often: an attempt is made only every half minute. */
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
