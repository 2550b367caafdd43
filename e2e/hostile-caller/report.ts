/** The outcomes of one kind of request. */
interface Tally {
  sent: number;
  readonly statuses: Map<string, number>;
  slowestMilliseconds: number;
}

/** Counts the answers to hostile requests, and keeps those that no request may get. */
export class Report {
  readonly #tallies = new Map<string, Tally>();
  readonly #faults: string[] = [];

  /** An answer, or the reason why there was none. */
  answered(kind: string, outcome: number | string, milliseconds: number, what: string): void {
    const tally = this.#tallies.get(kind) ?? { sent: 0, statuses: new Map<string, number>(), slowestMilliseconds: 0 };
    this.#tallies.set(kind, tally);
    tally.sent += 1;
    tally.slowestMilliseconds = Math.max(tally.slowestMilliseconds, milliseconds);
    tally.statuses.set(String(outcome), (tally.statuses.get(String(outcome)) ?? 0) + 1);
    if (isFault(outcome)) this.#faults.push(`${kind}: ${outcome} for ${what}`);
  }

  /** How many requests had an outcome. */
  get sent(): number {
    return [...this.#tallies.values()].reduce((sum, { sent }) => sum + sent, 0);
  }

  /** The kinds that were sent. */
  get kinds(): readonly string[] {
    return [...this.#tallies.keys()];
  }

  /** At most twenty answers that report a server error for a caller's request. */
  get faults(): readonly string[] {
    return this.#faults.slice(0, 20);
  }

  /** A line for each kind. */
  toString(): string {
    const rows = [...this.#tallies].sort(([a], [b]) => a.localeCompare(b));
    return rows
      .map(([kind, { sent, statuses, slowestMilliseconds }]) => {
        const outcomes = [...statuses].sort().map(([outcome, count]) => `${outcome} x${count}`);
        return `${kind.padEnd(28)} ${String(sent).padStart(6)} sent, slowest ${String(Math.round(slowestMilliseconds)).padStart(6)} ms: ${outcomes.join(', ')}`;
      })
      .join('\n');
  }
}

/** A refusal is a 4xx, and a full server answers 503; any other 5xx means that the server failed on the request. */
const isFault = (outcome: number | string): boolean =>
  typeof outcome === 'number' ? outcome >= 500 && outcome !== 503 : outcome.startsWith('fault');
