/** How many connections each token has: one token, with all that was derived from it, leaves places for the others. */
export class TokenPlaces {
  readonly most: number;
  readonly #taken = new Map<string, number>();

  constructor(most: number) {
    this.most = most;
  }

  /** Takes a place, and returns what leaves it again. Undefined when the token has all of its places. */
  take(token: string): (() => void) | undefined {
    const taken = this.#taken.get(token) ?? 0;
    if (taken >= this.most) return undefined;
    this.#taken.set(token, taken + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#taken.get(token) ?? 0) - 1;
      if (left > 0) this.#taken.set(token, left);
      else this.#taken.delete(token);
    };
  }
}
