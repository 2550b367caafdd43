import { overlap } from '../formats/marker-search.ts';

/** Looks for stop strings in a text that comes in pieces. What may be the beginning of one is held back. */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';
  #found: string | undefined;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** The stop string that has come; the text is over then. */
  get found(): string | undefined {
    return this.#found;
  }

  /** The text that is certain to come before any stop string. */
  read(text: string): string {
    if (this.#found !== undefined) return '';
    if (this.#stops.length === 0) return text;
    this.#held += text;
    const first = this.#firstStop();
    if (first !== undefined) {
      this.#found = first.stop;
      const before = this.#held.slice(0, first.start);
      this.#held = '';
      return before;
    }
    const kept = Math.max(...this.#stops.map((stop) => overlap(this.#held, stop)));
    const certain = this.#held.slice(0, this.#held.length - kept);
    this.#held = this.#held.slice(this.#held.length - kept);
    return certain;
  }

  /** What was held back, when no more text follows it. */
  flush(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** The stop string that is complete first; of those that end together, the longest. */
  #firstStop(): { readonly stop: string; readonly start: number } | undefined {
    let first: { readonly stop: string; readonly start: number } | undefined;
    let firstEnd = Number.POSITIVE_INFINITY;
    for (const stop of this.#stops) {
      const start = this.#held.indexOf(stop);
      const end = start + stop.length;
      if (start < 0 || end > firstEnd || (end === firstEnd && start > (first?.start ?? 0))) continue;
      first = { stop, start };
      firstEnd = end;
    }
    return first;
  }
}
