import { TOKEN_MARK } from '../syntax/token-marks.ts';

/** A step of a parser, which waits for more text whenever it yields. */
export type Reading<T> = Generator<undefined, T, undefined>;

/** A text that arrives in pieces and is read from its beginning. */
export class CallInput {
  text = '';
  /** Whether the text is complete. */
  ended = false;
  #taken = '';

  /** The text read since the last call of `forget`. */
  get taken(): string {
    return this.#taken;
  }

  take(length: number): string {
    const taken = this.text.slice(0, length);
    this.text = this.text.slice(length);
    this.#taken += taken;
    return taken;
  }

  /** Takes all text that has arrived. */
  takeAll(): string {
    return this.take(this.text.length);
  }

  forget(): void {
    this.#taken = '';
  }
}

/** Waits for more text; false when the text is complete. */
export function* more(input: CallInput): Reading<boolean> {
  if (input.ended) return false;
  yield;
  return true;
}

/** Skips space, and waits for the text after it; false when there is none. */
export function* skipSpace(input: CallInput): Reading<boolean> {
  while (true) {
    input.take(input.text.length - input.text.trimStart().length);
    if (input.text !== '' && input.text !== TOKEN_MARK) return true;
    if (!(yield* more(input))) return false;
  }
}
