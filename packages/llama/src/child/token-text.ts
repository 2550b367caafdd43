import type { LlamaModel, Token } from 'node-llama-cpp';
import { TOKEN_MARK, withoutMarks } from '../formats/syntax/token-marks.ts';

/** A character of UTF-8 has at most four bytes, so at most four tokens can share one. */
const LONGEST_SPLIT = 4;
const REPLACEMENT = '\ufffd';
const CUT_OFF = /\ufffd+$/;

/** Turns a model's tokens into text, one token at a time, for all generations of the model. */
export class TokenTexts {
  readonly #model: LlamaModel;
  readonly #markers: ReadonlySet<string>;
  /** A token to put in front, since some vocabularies drop a space at the beginning of a text. */
  readonly #lead: readonly Token[];
  readonly #leadLength: number;
  readonly #texts: (string | undefined)[] = [];

  /**
   * `markers` are the texts of special tokens that a parser needs: they are returned with a mark in front. Other
   * special tokens have no text.
   */
  constructor(model: LlamaModel, markers: ReadonlySet<string>) {
    this.#model = model;
    this.#markers = markers;
    this.#lead = model.tokenize('a', false).slice(-1);
    this.#leadLength = model.detokenize(this.#lead, false).length;
  }

  /** The text of tokens that follow others. */
  textOf(tokens: readonly Token[]): string {
    const [only] = tokens;
    if (tokens.length !== 1 || only === undefined) return this.#decode(tokens);
    const known = this.#texts[only];
    if (known !== undefined) return known;
    const text = this.#decode(tokens);
    this.#texts[only] = text;
    return text;
  }

  #decode(tokens: readonly Token[]): string {
    if (tokens.length === 1) {
      const special = this.#model.detokenize([...tokens], true);
      if (this.#markers.has(special)) return TOKEN_MARK + special;
    }
    const text = this.#model.detokenize([...this.#lead, ...tokens], false).slice(this.#leadLength);
    return withoutMarks(text);
  }
}

/**
 * One generation's tokens as text. A character that is spread over several tokens is returned with the last of them.
 */
export class TokenTextStream {
  readonly #texts: TokenTexts;
  #held: Token[] = [];

  constructor(texts: TokenTexts) {
    this.#texts = texts;
  }

  read(token: Token): string {
    this.#held.push(token);
    const text = this.#texts.textOf(this.#held);
    if (text.endsWith(REPLACEMENT) && this.#held.length < LONGEST_SPLIT) return '';
    this.#held = [];
    return text;
  }

  /** The remaining text when no token follows, without an incomplete character. */
  end(): string {
    const text = this.#held.length === 0 ? '' : this.#texts.textOf(this.#held);
    this.#held = [];
    return text.replace(CUT_OFF, '');
  }
}
