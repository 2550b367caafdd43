import type { QueueShare } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';

/** The right to run one request, until it is disposed. */
export interface Place extends Disposable {
  /** Reports how many tokens the request has used so far, prompt and answer together. */
  charge(tokens: number): void;
}

export interface FairQueueOptions {
  /** How many requests run at once. */
  readonly places: number;
  /** How many may wait. */
  readonly waiting: number;
  readonly now?: () => number;
}

interface Waiter {
  readonly weight: number;
  readonly order: number;
  readonly settle: (outcome: Place | ServerError) => void;
}

/** One caller's requests. `counter` is what it has used, in tokens over its weight. */
interface Account {
  counter: number;
  running: number;
  waiting: Waiter[];
}

/** The weight of a new value in a running mean. */
const FRESHNESS = 0.2;
const LONGEST_RETRY_SECONDS = 60;

/**
 * A bounded queue that is fair by work done, not by order of arrival: a virtual token counter for each key (Sheng et
 * al., "Fairness in Serving Large Language Models", OSDI 2024). The next place goes to the key that has used the fewest
 * tokens for its weight. A key that returns after a pause starts level with the lowest counter of the active keys, so a
 * pause earns no credit. A request is charged at its start with the mean of earlier requests, and exactly at its end.
 *
 * When the queue is full, the key with the most waiting requests loses its last one, so that one key alone cannot fill
 * the queue.
 */
export class FairQueue {
  readonly #limit: number;
  readonly #places: number;
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();
  #free: number;
  #arrivals = 0;
  #meanTokens = 0;
  #meanSeconds = 1;

  constructor({ places, waiting, now = () => performance.now() }: FairQueueOptions) {
    this.#places = places;
    this.#free = places;
    this.#limit = waiting;
    this.#now = now;
  }

  get waiting(): number {
    return this.#active().reduce((sum, account) => sum + account.waiting.length, 0);
  }

  /**
   * Resolves with a place when it is this key's turn; with undefined when `signal` fires first. Throws ServerError
   * `OVERLOADED`, with `retryAfterSeconds` in its details, when too many requests are waiting.
   */
  async enter({ key, weight }: QueueShare, signal: AbortSignal): Promise<Place | undefined> {
    if (signal.aborted) return undefined;
    const account = this.#arrive(key);
    if (this.#free > 0) return this.#admit(account, weight);
    this.#makeRoom(account);
    const { promise, resolve, reject } = Promise.withResolvers<Place | undefined>();
    const leave = (): void => {
      account.waiting = account.waiting.filter((other) => other !== waiter);
      this.#forgetIdle();
      resolve(undefined);
    };
    this.#arrivals += 1;
    const waiter: Waiter = {
      weight,
      order: this.#arrivals,
      settle(outcome) {
        signal.removeEventListener('abort', leave);
        if (outcome instanceof ServerError) reject(outcome);
        else resolve(outcome);
      },
    };
    account.waiting.push(waiter);
    signal.addEventListener('abort', leave, { once: true });
    return promise;
  }

  #active(): Account[] {
    return [...this.#accounts.values()].filter(isActive);
  }

  #arrive(key: string): Account {
    const account = this.#accounts.get(key) ?? { counter: 0, running: 0, waiting: [] };
    if (!isActive(account)) account.counter = Math.max(account.counter, this.#leastCounter() ?? 0);
    this.#accounts.set(key, account);
    return account;
  }

  #leastCounter(): number | undefined {
    const counters = this.#active().map(({ counter }) => counter);
    return counters.length === 0 ? undefined : Math.min(...counters);
  }

  /** Makes room in a full queue. Throws when no other key has more requests in the queue. */
  #makeRoom(newcomer: Account): void {
    if (this.waiting < this.#limit) return;
    const longest = this.#active().reduce((most, account) =>
      account.waiting.length > most.waiting.length ? account : most,
    );
    if (longest.waiting.length <= newcomer.waiting.length + 1) {
      this.#forgetIdle();
      throw this.#overloaded();
    }
    longest.waiting.pop()?.settle(this.#overloaded());
  }

  #overloaded(): ServerError {
    const seconds = Math.ceil((this.#meanSeconds * (this.waiting + 1)) / this.#places);
    return new ServerError('OVERLOADED', 'Too many requests are waiting for this model. Try again later.', {
      details: { retryAfterSeconds: Math.min(LONGEST_RETRY_SECONDS, Math.max(1, seconds)) },
    });
  }

  #admit(account: Account, weight: number): Place {
    this.#free -= 1;
    account.running += 1;
    const since = this.#now();
    let used = 0;
    let charged = this.#meanTokens;
    account.counter += charged / weight;
    const chargeTo = (tokens: number): void => {
      account.counter += (tokens - charged) / weight;
      charged = tokens;
    };
    let over = false;
    return {
      charge(tokens) {
        if (over) return;
        used = tokens;
        if (tokens > charged) chargeTo(tokens);
      },
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        chargeTo(used);
        this.#meanTokens = mean(this.#meanTokens, used);
        this.#meanSeconds = mean(this.#meanSeconds, (this.#now() - since) / 1000);
        account.running -= 1;
        this.#free += 1;
        this.#admitNext();
        this.#forgetIdle();
      },
    };
  }

  #admitNext(): void {
    if (this.#free === 0) return;
    const [next] = this.#active()
      .filter(({ waiting }) => waiting.length > 0)
      .sort((a, b) => a.counter - b.counter || a.running - b.running || orderOf(a) - orderOf(b));
    const waiter = next?.waiting.shift();
    if (next !== undefined && waiter !== undefined) waiter.settle(this.#admit(next, waiter.weight));
  }

  /** Removes inactive keys, except those that would gain from being forgotten. */
  #forgetIdle(): void {
    const least = this.#leastCounter() ?? Number.POSITIVE_INFINITY;
    for (const [key, account] of this.#accounts) {
      if (!isActive(account) && account.counter <= least) this.#accounts.delete(key);
    }
  }
}

const isActive = ({ running, waiting }: Account): boolean => running > 0 || waiting.length > 0;

const orderOf = ({ waiting: [first] }: Account): number => first?.order ?? Number.POSITIVE_INFINITY;

const mean = (before: number, figure: number): number => before + FRESHNESS * (figure - before);
