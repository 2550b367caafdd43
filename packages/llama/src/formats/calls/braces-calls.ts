import { overlap } from '../marker-search.ts';
import { fit } from '../syntax/pattern.ts';
import { withoutMarks } from '../syntax/token-marks.ts';
import type { CallSyntax } from '../syntax/turn-syntax.ts';
import { type CallInput, more, type Reading } from './call-input.ts';
import { type CallSink, CUT_OFF } from './call-sink.ts';
import { isRecord } from './json-call.ts';
import { readName } from './named-calls.ts';

class NotBraces extends Error {}

/** Reads `name{key:<quote>value<quote>,other:[1,true]}`: keys without quotes, texts between the model's own quotes. */
export function* readBracesCalls(
  input: CallInput,
  { callOpen }: CallSyntax,
  quote: string,
  sink: CallSink,
): Reading<boolean> {
  while (callOpen !== '') {
    const end = fit(callOpen, input.text);
    if (typeof end === 'number') {
      input.take(end);
      break;
    }
    if (end === undefined || !(yield* more(input))) return false;
  }
  const name = yield* readName(input, '');
  if (name === undefined) return false;
  sink.begin();
  sink.start(name);
  const end = new EndFinder(quote);
  let length = end.find(input.text);
  while (length === undefined && (yield* more(input))) length = end.find(input.text);
  if (length === undefined) {
    input.takeAll();
    sink.invalid(CUT_OFF, input.taken);
    return true;
  }
  const value = objectOf(input.take(length), quote);
  if (value === undefined) sink.invalid('The arguments of the call are not an object.', input.taken);
  else {
    sink.delta(JSON.stringify(value));
    sink.end(value);
  }
  return true;
}

/** Parses the text of an object; undefined when it is not one. */
function objectOf(text: string, quote: string): Record<string, unknown> | undefined {
  try {
    const value = new BracesReader(text, quote).value();
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof NotBraces) return undefined;
    throw error;
  }
}

/** Finds the end of an object in a text that grows. */
class EndFinder {
  readonly #quotes: readonly string[];
  #at = 0;
  #depth = 0;
  #quoted = '';

  constructor(quote: string) {
    this.#quotes = [quote, '"'];
  }

  /** Undefined until the end has arrived. */
  find(text: string): number | undefined {
    // A part of a quote at the end of the text waits for the rest.
    const held = Math.max(...this.#quotes.map((quote) => overlap(text, quote)));
    while (this.#at < text.length - held) {
      const quotes = this.#quoted === '' ? this.#quotes : [this.#quoted];
      const quote = quotes.find((one) => text.startsWith(one, this.#at));
      const character = text[this.#at] ?? '';
      this.#at += quote?.length ?? 1;
      if (quote !== undefined) this.#quoted = this.#quoted === '' ? quote : '';
      else if (this.#quoted !== '') continue;
      else if (character === '{' || character === '[') this.#depth += 1;
      else if (character === '}' || character === ']') {
        this.#depth -= 1;
        if (this.#depth <= 0) return this.#at;
      }
    }
    return undefined;
  }
}

class BracesReader {
  readonly #text: string;
  readonly #quote: string;
  #at = 0;

  constructor(text: string, quote: string) {
    this.#text = text;
    this.#quote = quote;
  }

  value(): unknown {
    this.#space();
    if (this.#take('{')) {
      const entries: [string, unknown][] = [];
      while (!this.#take('}')) {
        const key = this.#string() ?? this.#until(/[:}]/);
        if (!this.#take(':')) throw new NotBraces();
        entries.push([key.trim(), this.value()]);
        if (!this.#take(',') && !this.#peek('}')) throw new NotBraces();
      }
      return Object.fromEntries(entries);
    }
    if (this.#take('[')) {
      const items: unknown[] = [];
      while (!this.#take(']')) {
        items.push(this.value());
        if (!this.#take(',') && !this.#peek(']')) throw new NotBraces();
      }
      return items;
    }
    return this.#string() ?? bare(this.#until(/[,}\]]/).trim());
  }

  #string(): string | undefined {
    this.#space();
    for (const quote of [this.#quote, '"']) {
      if (!this.#take(quote)) continue;
      const end = this.#text.indexOf(quote, this.#at);
      if (end < 0) throw new NotBraces();
      const text = this.#text.slice(this.#at, end);
      this.#at = end + quote.length;
      return withoutMarks(text);
    }
    return undefined;
  }

  #until(pattern: RegExp): string {
    const length = this.#text.slice(this.#at).search(pattern);
    if (length < 0) throw new NotBraces();
    const text = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    return withoutMarks(text);
  }

  #peek(text: string): boolean {
    this.#space();
    return this.#text.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#peek(text)) return false;
    this.#at += text.length;
    return true;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }
}

function bare(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
