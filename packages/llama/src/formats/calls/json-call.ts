import { withoutMarks } from '../syntax/token-marks.ts';
import type { CallBody } from '../syntax/turn-syntax.ts';
import type { CallSink } from './call-sink.ts';
import { JsonScanner } from './json-scanner.ts';

/** Names that models use for the parts of a call when they deviate from their own syntax. */
const NAMES = ['name', 'tool_name', 'function'];
const ARGUMENTS = ['arguments', 'parameters', 'args', 'input'];

/**
 * Reads `{"name": …, "arguments": {…}}` as it arrives. The name is known with its closing quote, the text of the
 * arguments is passed on piece by piece, and the whole call is parsed at its last bracket.
 */
export class JsonCall {
  readonly #body: Extract<CallBody, { kind: 'json' }>;
  readonly #sink: CallSink;
  readonly #scanner: JsonScanner;
  /** Only appended to, so that the cost per token does not grow with the length of the call. */
  #raw = '';
  #name: string | undefined;
  #names = 0;
  #inArguments = false;
  #argumentObjects = 0;
  #held = '';

  constructor(body: Extract<CallBody, { kind: 'json' }>, sink: CallSink) {
    this.#body = body;
    this.#sink = sink;
    sink.begin();
    this.#scanner = new JsonScanner({
      key: (key) => this.#enter(key),
      value: (text) => {
        if (this.#inArguments) this.#pass(text);
      },
      end: (key, text) => this.#leave(key, text),
    });
  }

  get finished(): boolean {
    return this.#scanner.finished;
  }

  /** Reads more text; returns how many of its characters belong to the call. The first must be the call's bracket. */
  read(text: string): number {
    const count = this.#scanner.read(text);
    this.#raw += text.slice(0, count);
    if (this.finished) this.#finish();
    return count;
  }

  #enter(key: string): void {
    if (this.#body.nameIsKey) this.#learnName(key);
    this.#inArguments = this.#body.nameIsKey || (this.#isArguments(key) && ++this.#argumentObjects === 1);
  }

  #leave(key: string, text: string): void {
    this.#inArguments = false;
    if (!this.#body.nameIsKey && this.#isName(key)) this.#learnName(parse(text));
  }

  #isName(key: string): boolean {
    return key === this.#body.name || (key !== this.#body.arguments && NAMES.includes(key));
  }

  #isArguments(key: string): boolean {
    return key === this.#body.arguments || ARGUMENTS.includes(key);
  }

  #learnName(name: unknown): void {
    if (typeof name === 'object' && name !== null) return;
    this.#names += 1;
    if (this.#names > 1 || typeof name !== 'string' || name === '') return;
    this.#name = name;
    this.#sink.start(name);
    this.#sink.delta(this.#held);
    this.#held = '';
  }

  #pass(text: string): void {
    if (this.#name === undefined) this.#held += text;
    else this.#sink.delta(text);
  }

  #finish(): void {
    const problem = this.#complete(parse(this.#raw));
    if (problem !== undefined) this.#sink.invalid(problem, this.#raw);
  }

  /** Ends the call, or returns what is wrong with it. */
  #complete(call: unknown): string | undefined {
    if (!isRecord(call)) return 'The call is not valid JSON.';
    if (this.#name === undefined) return this.#completeWrapped(call.function);
    if (this.#names > 1 || this.#argumentObjects > 1) return 'The call says a thing twice.';
    const key = this.#body.nameIsKey ? this.#name : Object.keys(call).find((name) => this.#isArguments(name));
    const callArguments = (key === undefined ? undefined : call[key]) ?? {};
    if (!isRecord(callArguments)) return 'The arguments of the call are not an object.';
    this.#sink.end(callArguments);
    return undefined;
  }

  /** `{"type": "function", "function": {"name": …, "arguments": …}}`, which some models copy from their prompt. */
  #completeWrapped(call: unknown): string | undefined {
    const name = isRecord(call) ? call.name : undefined;
    const callArguments = isRecord(call) ? (call.arguments ?? call.parameters ?? {}) : undefined;
    if (typeof name !== 'string' || name === '' || !isRecord(callArguments)) return 'The call has no name.';
    this.#sink.start(name);
    this.#sink.delta(JSON.stringify(callArguments));
    this.#sink.end(callArguments);
    return undefined;
  }
}

/** Undefined for what is not JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(withoutMarks(text));
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
