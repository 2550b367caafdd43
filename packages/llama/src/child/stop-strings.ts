import { overlap } from '../formats/marker-search.ts';

/** Finds stop strings in a text that arrives in pieces. Text that may be the beginning of one is held back. */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';
  #found: string | undefined;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** The stop string that was found; the text ends there. */
  get found(): string | undefined {
    return this.#found;
  }

  /** Reads more text; returns the text that is certainly before any stop string. */
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

  /** Returns the text that was held back, at the end of the text. */
  flush(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** The stop string that ends first; of those that end at the same place, the longest. */
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
