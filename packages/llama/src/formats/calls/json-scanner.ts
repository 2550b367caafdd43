/** Receives the keys and values of an object's first level while it is read. */
export interface JsonListener {
  /** A key has been read. */
  key(key: string): void;
  /** The next piece of a value's text. */
  value(text: string): void;
  /** A value is complete. */
  end(key: string, text: string): void;
}

type Expectation = 'key' | 'colon' | 'value' | 'comma';

/** Scans the text of a JSON object as it arrives, and finds its parts and its end, even when it is not valid. */
export class JsonScanner {
  readonly #listener: JsonListener;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #expectation: Expectation = 'key';
  #key = '';
  /** The part of the present key or value that has arrived. */
  #token: string | undefined;
  #finished = false;

  constructor(listener: JsonListener) {
    this.#listener = listener;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Reads more text; returns how many of its characters belong to the object. */
  read(text: string): number {
    let from = this.#token === undefined ? -1 : 0;
    let count = 0;
    const begin = (): void => {
      if (this.#depth === 1 && this.#token === undefined) {
        this.#token = '';
        from = count;
      }
    };
    const pass = (end: number): void => {
      if (from < 0 || this.#token === undefined) return;
      const piece = text.slice(from, end);
      from = end;
      this.#token += piece;
      if (piece !== '' && this.#expectation === 'value') this.#listener.value(piece);
    };
    const finish = (end: number): void => {
      pass(end);
      from = -1;
      this.#finishToken();
    };
    for (; count < text.length && !this.#finished; count += 1) {
      const character = text[count] ?? '';
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (character === '\\') this.#escaped = true;
        else if (character === '"') {
          this.#inString = false;
          if (this.#depth === 1) finish(count + 1);
        }
      } else if (character === '"') {
        this.#inString = true;
        begin();
      } else if (character === '{' || character === '[') {
        begin();
        this.#depth += 1;
      } else if (character === '}' || character === ']') {
        if (this.#depth === 1) finish(count);
        this.#depth -= 1;
        if (this.#depth === 1) finish(count + 1);
        this.#finished = this.#depth === 0;
      } else if (this.#depth === 1) {
        if (character === ':' && this.#expectation === 'colon') this.#expectation = 'value';
        else if (character === ',') {
          finish(count);
          this.#expectation = 'key';
        } else if (this.#expectation === 'value' && character.trim() !== '') begin();
      }
    }
    pass(count);
    return count;
  }

  #finishToken(): void {
    const token = this.#token;
    if (token === undefined) return;
    this.#token = undefined;
    if (this.#expectation === 'key') {
      this.#key = keyOf(token);
      this.#expectation = 'colon';
      this.#listener.key(this.#key);
      return;
    }
    this.#expectation = 'comma';
    this.#listener.end(this.#key, token);
  }
}

function keyOf(token: string): string {
  try {
    const value: unknown = JSON.parse(token);
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}
