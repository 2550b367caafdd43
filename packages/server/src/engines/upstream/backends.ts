import { createHash } from 'node:crypto';

/** After this many failures in a row a server gets no requests for a while. */
const FAILURES_TO_OPEN = 3;
const FIRST_REST_MILLISECONDS = 2000;
const LONGEST_REST_MILLISECONDS = 60_000;
/** How many more running requests than the least busy server the preferred server may have. */
const AFFINITY_LEAD = 2;

/** One of several servers with the same models, and its state. */
export interface Backend {
  readonly url: string;
  running: number;
  failures: number;
  restsUntil: number;
}

/** A running request at a server, until it is disposed. */
export interface Visit extends Disposable {
  readonly url: string;
  succeeded(): void;
  failed(): void;
}

/**
 * Chooses among servers. It prefers the server whose cache most likely holds the beginning of the conversation
 * (rendezvous hashing, so that adding or removing a server moves only that server's conversations), unless others have
 * clearly less to do. A server that fails three times in a row gets no requests for a time that grows with each
 * failure, and is then tried with one request.
 */
export class Backends {
  readonly #backends: readonly Backend[];
  readonly #now: () => number;

  constructor(urls: readonly string[], now: () => number) {
    this.#backends = urls.map((url) => ({ url, running: 0, failures: 0, restsUntil: 0 }));
    this.#now = now;
  }

  /**
   * @param prefix the beginning of the conversation, and its scope
   * @param tried servers that have already failed for this request
   * @returns undefined when no server is available
   */
  visit(prefix: string, tried: ReadonlySet<string>): Visit | undefined {
    const open = this.#backends.filter((backend) => !tried.has(backend.url) && this.#takesRequests(backend));
    const least = Math.min(...open.map(({ running }) => running));
    const [chosen] = open
      .filter(({ running }) => running <= least + AFFINITY_LEAD)
      .map((backend) => ({ backend, score: scoreOf(backend.url, prefix) }))
      .sort((one, other) => (one.score < other.score ? 1 : -1));
    return chosen === undefined ? undefined : this.#begin(chosen.backend);
  }

  #takesRequests({ failures, restsUntil, running }: Backend): boolean {
    if (failures < FAILURES_TO_OPEN) return true;
    return this.#now() >= restsUntil && running === 0;
  }

  #begin(backend: Backend): Visit {
    let over = false;
    backend.running += 1;
    return {
      url: backend.url,
      succeeded: () => {
        backend.failures = 0;
      },
      failed: () => {
        backend.failures += 1;
        const rest = FIRST_REST_MILLISECONDS * 2 ** Math.max(0, backend.failures - FAILURES_TO_OPEN);
        backend.restsUntil = this.#now() + Math.min(LONGEST_REST_MILLISECONDS, rest);
      },
      [Symbol.dispose]: () => {
        if (!over) backend.running -= 1;
        over = true;
      },
    };
  }
}

const scoreOf = (url: string, prefix: string): string =>
  createHash('sha256').update(url).update('\0').update(prefix).digest('hex');
