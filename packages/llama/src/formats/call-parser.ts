import type { EngineEvent } from '@latchkey/engine';

/** What comes of parsing one tool call. */
export type CallEvent = Extract<EngineEvent, { readonly type: `toolCall.${string}` }>;

/** How much of a call that can't be understood is handed on, in characters. */
const RAW_LIMIT = 4000;

/** How far the object's text has been read: what comes next on its first level. */
type Expectation = 'key' | 'colon' | 'value' | 'comma';

/**
 * Reads `{"name": …, "arguments": {…}}` as it is written. The name is known as soon as its last quote is there, the
 * arguments' text is passed on piece by piece, and the whole is parsed when the last bracket closes.
 */
export class CallParser {
  readonly #index: number;
  /** Only ever appended to and seldom cut from, so that a long call costs no more per token than a short one. */
  #raw = '';
  #piece = '';
  #offset = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #expectation: Expectation = 'key';
  #key = '';
  #start = -1;
  #name: string | undefined;
  #names = 0;
  #argumentsFrom = -1;
  #heldArguments = '';
  #argumentObjects = 0;
  #finished = false;

  constructor(index: number) {
    this.#index = index;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Reads on; returns how many characters of `text` belong to the call. It must begin with the call's bracket. */
  read(text: string, emit: (event: CallEvent) => void): number {
    this.#piece = text;
    this.#offset = this.#raw.length;
    this.#raw += text;
    let count = 0;
    for (; count < text.length && !this.#finished; count++) {
      this.#readCharacter(text[count] ?? '', this.#offset + count, emit);
    }
    if (this.#argumentsFrom >= 0) this.#passArguments(this.#offset + count, emit);
    if (this.#finished) {
      this.#raw = this.#raw.slice(0, this.#offset + count);
      emit(this.#result());
    }
    return count;
  }

  /** The event for a call that the model never finished. */
  cutOff(): CallEvent {
    return this.#invalid('The call was cut off.');
  }

  #readCharacter(character: string, position: number, emit: (event: CallEvent) => void): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (character === '\\') this.#escaped = true;
      else if (character === '"') {
        this.#inString = false;
        if (this.#depth === 1) this.#endToken(position + 1, emit);
      }
      return;
    }
    if (character === '"') {
      this.#inString = true;
      this.#startToken(position);
    } else if (character === '{' || character === '[') {
      this.#startToken(position);
      this.#depth += 1;
    } else if (character === '}' || character === ']') {
      if (this.#depth === 1) this.#endToken(position, emit);
      this.#depth -= 1;
      if (this.#depth === 1) this.#endToken(position + 1, emit);
      this.#finished = this.#depth === 0;
    } else if (this.#depth === 1) this.#readSeparator(character, position, emit);
  }

  #readSeparator(character: string, position: number, emit: (event: CallEvent) => void): void {
    if (character === ':' && this.#expectation === 'colon') this.#expectation = 'value';
    else if (character === ',') {
      this.#endToken(position, emit);
      this.#expectation = 'key';
    } else if (this.#expectation === 'value' && character.trim() !== '') this.#startToken(position);
  }

  #startToken(position: number): void {
    if (this.#depth !== 1 || this.#start >= 0) return;
    this.#start = position;
    if (this.#expectation !== 'value' || this.#key !== 'arguments') return;
    this.#argumentObjects += 1;
    if (this.#argumentObjects === 1) this.#argumentsFrom = position;
  }

  #endToken(end: number, emit: (event: CallEvent) => void): void {
    if (this.#start < 0) return;
    const token = this.#raw.slice(this.#start, end);
    this.#start = -1;
    if (this.#expectation === 'key') {
      this.#key = parseString(token) ?? '';
      this.#expectation = 'colon';
      return;
    }
    this.#expectation = 'comma';
    if (this.#argumentsFrom >= 0) this.#passArguments(end, emit);
    this.#argumentsFrom = -1;
    if (this.#key === 'name') this.#learnName(parseString(token), emit);
  }

  #learnName(name: string | undefined, emit: (event: CallEvent) => void): void {
    this.#names += 1;
    if (this.#names > 1 || name === undefined || name === '') return;
    this.#name = name;
    emit({ type: 'toolCall.start', index: this.#index, name });
    if (this.#heldArguments !== '') emit({ type: 'toolCall.delta', index: this.#index, text: this.#heldArguments });
  }

  #passArguments(end: number, emit: (event: CallEvent) => void): void {
    const text = this.#piece.slice(this.#argumentsFrom - this.#offset, end - this.#offset);
    this.#argumentsFrom = end;
    if (text === '') return;
    if (this.#name === undefined) this.#heldArguments += text;
    else emit({ type: 'toolCall.delta', index: this.#index, text });
  }

  #result(): CallEvent {
    const call = parseJson(this.#raw);
    if (!isRecord(call)) return this.#invalid('The call is not valid JSON.');
    if (this.#name === undefined) return this.#invalid('The call has no name.');
    if (this.#names > 1 || this.#argumentObjects > 1) return this.#invalid('The call says a thing twice.');
    const callArguments = call.arguments ?? {};
    if (!isRecord(callArguments)) return this.#invalid('The call’s arguments are not an object.');
    return { type: 'toolCall.end', index: this.#index, name: this.#name, arguments: callArguments };
  }

  #invalid(reason: string): CallEvent {
    return {
      type: 'toolCall.invalid',
      index: this.#index,
      ...(this.#name === undefined ? {} : { name: this.#name }),
      raw: this.#raw.slice(0, RAW_LIMIT),
      reason,
    };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseString(token: string): string | undefined {
  const value = parseJson(token);
  return typeof value === 'string' ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
