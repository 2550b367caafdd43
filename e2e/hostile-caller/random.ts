/** Random choices that are repeatable by a seed (mulberry32, public domain by Tommy Ettinger). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, below 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in the range, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** A whole number; each order of magnitude is equally likely. */
  magnitude(most: number): number {
    return Math.floor(most ** this.fraction());
  }

  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new TypeError('There is nothing to pick from.');
    return items[this.between(0, items.length - 1)] as Item;
  }
}
