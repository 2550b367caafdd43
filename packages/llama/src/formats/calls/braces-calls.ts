import { fit } from '../syntax/pattern.ts';
import { withoutMarks } from '../syntax/token-marks.ts';
import type { CallSyntax } from '../syntax/turn-syntax.ts';
import { type CallInput, more, type Reading } from './call-input.ts';
import { type CallSink, CUT_OFF } from './call-sink.ts';
import { isRecord } from './json-call.ts';
import { readName } from './named-calls.ts';

class NotBraces extends Error {}

/** `name{key:<quote>value<quote>,other:[1,true]}`: keys without quotes, and texts between quotes of the model's own. */
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
  while (true) {
    const found = objectAt(input.text, quote);
    if (found === undefined) {
      if (yield* more(input)) continue;
      input.takeAll();
      sink.invalid(CUT_OFF, input.taken);
      return true;
    }
    if (found.value === undefined) {
      sink.invalid('The call’s arguments are not an object.', input.taken + input.text);
      input.take(found.length);
      return true;
    }
    input.take(found.length);
    sink.delta(JSON.stringify(found.value));
    sink.end(found.value);
    return true;
  }
}

/** The object at the beginning of `text`; undefined while it is not complete. */
function objectAt(
  text: string,
  quote: string,
): { readonly length: number; readonly value: Record<string, unknown> | undefined } | undefined {
  const length = lengthOf(text, quote);
  if (length === undefined) return undefined;
  try {
    const reader = new BracesReader(text.slice(0, length), quote);
    const value = reader.value();
    return { length, value: isRecord(value) ? value : undefined };
  } catch (error) {
    if (!(error instanceof NotBraces)) throw error;
    return { length, value: undefined };
  }
}

function lengthOf(text: string, quote: string): number | undefined {
  let depth = 0;
  let quoted = '';
  for (let at = 0; at < text.length; at += 1) {
    if (quoted !== '') {
      if (!text.startsWith(quoted, at)) continue;
      at += quoted.length - 1;
      quoted = '';
    } else if (text.startsWith(quote, at)) {
      quoted = quote;
      at += quote.length - 1;
    } else if (text[at] === '"') quoted = '"';
    else if (text[at] === '{' || text[at] === '[') depth += 1;
    else if (text[at] === '}' || text[at] === ']') {
      depth -= 1;
      if (depth <= 0) return at + 1;
    }
  }
  return undefined;
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
