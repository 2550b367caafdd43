import { withoutMarks } from '../syntax/token-marks.ts';

/** A call as Python would write it. */
export interface PythonCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

const WORDS: Readonly<Record<string, unknown>> = {
  True: true,
  true: true,
  False: false,
  false: false,
  None: null,
  null: null,
};
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0' };

class NotPython extends Error {}

/** Reads calls with literals of Python, or of JSON, as arguments. */
export class PythonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = withoutMarks(text);
  }

  /** Undefined for what is not a list of calls. */
  calls(): PythonCall[] | undefined {
    try {
      const calls = this.#take('[') ? this.#many(']', () => this.#call()) : [this.#call()];
      this.#space();
      return calls.length > 0 && this.#at === this.#text.length ? calls : undefined;
    } catch (error) {
      if (error instanceof NotPython) return undefined;
      throw error;
    }
  }

  #call(): PythonCall {
    const name = this.#match(/[\p{L}_][\p{L}\p{N}_.:/-]*/uy);
    this.#expect('(');
    const pairs = this.#many(')', () => {
      const key = this.#match(/[\p{L}_][\p{L}\p{N}_-]*/uy);
      this.#expect('=');
      return [key, this.#value()] as const;
    });
    return { name, arguments: Object.fromEntries(pairs) };
  }

  #value(): unknown {
    this.#space();
    const next = this.#text[this.#at] ?? '';
    if (next === '"' || next === "'") return this.#string(next);
    if (this.#take('[')) return this.#many(']', () => this.#value());
    if (this.#take('(')) return this.#many(')', () => this.#value());
    if (this.#take('{')) {
      return Object.fromEntries(
        this.#many('}', () => {
          const key = this.#value();
          this.#expect(':');
          return [String(key), this.#value()] as const;
        }),
      );
    }
    let word = this.#match(/[-+]?[\p{L}\p{N}_.]+/uy);
    if (/^[-+]?[\d.]+[eE]$/.test(word)) word += this.#match(/[-+]?\d+/y);
    if (Object.hasOwn(WORDS, word)) return WORDS[word];
    const number = Number(word);
    if (Number.isNaN(number)) throw new NotPython();
    return number;
  }

  #string(quote: string): string {
    let text = '';
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text[this.#at] ?? '';
      if (character === quote) {
        this.#at += 1;
        return text;
      }
      text += character === '\\' ? this.#escape() : character;
    }
    throw new NotPython();
  }

  #escape(): string {
    this.#at += 1;
    const kind = this.#text[this.#at] ?? '';
    const digits = { x: 2, u: 4, U: 8 }[kind];
    if (digits === undefined) return ESCAPES[kind] ?? (/[\\'"]/.test(kind) ? kind : `\\${kind}`);
    const code = Number.parseInt(this.#text.slice(this.#at + 1, this.#at + 1 + digits), 16);
    if (Number.isNaN(code) || code > 0x10ffff) throw new NotPython();
    this.#at += digits;
    return String.fromCodePoint(code);
  }

  #many<T>(close: string, one: () => T): T[] {
    const items: T[] = [];
    while (!this.#take(close)) {
      items.push(one());
      if (this.#take(',')) continue;
      this.#expect(close);
      break;
    }
    return items;
  }

  #space(): void {
    this.#at += /^\s*/.exec(this.#text.slice(this.#at))?.[0].length ?? 0;
  }

  #take(text: string): boolean {
    this.#space();
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new NotPython();
  }

  #match(pattern: RegExp): string {
    this.#space();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new NotPython();
    this.#at += found.length;
    return found;
  }
}
