import type { EngineEvent } from '@latchkey/engine';
import { CallParser } from './call-parser.ts';
import type { CallSyntax } from './chat-format.ts';
import { splitAtMarker } from './marker-search.ts';

/** What a model's text turns into. */
export type ParsedEvent = Extract<
  EngineEvent,
  { readonly type: 'reasoning.delta' | 'message.delta' | `toolCall.${string}` }
>;

/** What the prompt left open, and what may come. */
export interface OutputParserOptions {
  /** The prompt ended inside a block of reasoning. */
  readonly reasoningOpen: boolean;
  /** The prompt ended with the opening marker of a call. */
  readonly callOpen: boolean;
  /** Absent: the model was shown no tools, and what looks like a call is text. */
  readonly calls?: Pick<CallSyntax, 'open' | 'close'>;
  /** The model must not call: what it writes as a call is left out of its text. */
  readonly dropsCalls?: boolean;
}

/** Where in its turn the model is; a grammar is chosen by it. */
export type OutputPlace = 'reasoning' | 'answer' | 'call';

const REASONING_OPEN = '<think>';
const REASONING_CLOSE = '</think>';

type State = 'start' | 'reasoning' | 'text' | 'call opening' | 'call' | 'call closing' | 'after';

const PLACES: Record<State, OutputPlace> = {
  start: 'answer',
  text: 'answer',
  after: 'answer',
  reasoning: 'reasoning',
  'call opening': 'call',
  call: 'call',
  'call closing': 'call',
};

/**
 * Takes a model's text apart as it comes: reasoning, message, tool calls. A marker may be spread over several pieces;
 * text is held back only while it may still become one. How the text is cut into pieces makes no difference.
 */
export class OutputParser {
  readonly #calls: Pick<CallSyntax, 'open' | 'close'> | undefined;
  readonly #dropsCalls: boolean;
  #state: State;
  #pending = '';
  /** What stood between the text and a marker, for when the marker turns out to be text. */
  #markerText = '';
  #call: CallParser | undefined;
  #callCount = 0;
  #stretch = 0;
  #blockBegun = false;

  constructor({ reasoningOpen, callOpen, calls, dropsCalls = false }: OutputParserOptions) {
    this.#calls = calls;
    this.#dropsCalls = dropsCalls;
    this.#state = callOpen ? 'call opening' : reasoningOpen ? 'reasoning' : 'start';
  }

  get place(): OutputPlace {
    return PLACES[this.#state];
  }

  /** Counts the changes of place. */
  get stretch(): number {
    return this.#stretch;
  }

  /** Nothing but whitespace has come since the place changed. */
  get untouched(): boolean {
    if (this.#state === 'call opening') return true;
    return (this.#state === 'start' || this.#state === 'after') && this.#pending.trim() === '';
  }

  /** Tool calls so far, whether they could be understood or not; those that were dropped are none. */
  get callCount(): number {
    return this.#dropsCalls ? 0 : this.#callCount;
  }

  read(text: string): ParsedEvent[] {
    const events: ParsedEvent[] = [];
    this.#pending += text;
    while (this.#pending !== '' && this.#step((event) => events.push(event)));
    return this.#wanted(events);
  }

  /** To be called once, when the model's turn is over. */
  end(): ParsedEvent[] {
    return this.#wanted(this.#rest());
  }

  #wanted(events: ParsedEvent[]): ParsedEvent[] {
    return this.#dropsCalls
      ? events.filter(({ type }) => type.endsWith('.delta') && type !== 'toolCall.delta')
      : events;
  }

  #rest(): ParsedEvent[] {
    const rest = this.#pending;
    this.#pending = '';
    if (this.#state === 'call' && this.#call !== undefined) return [this.#call.cutOff()];
    if (this.#state === 'call opening') return [new CallParser(this.#callCount++).cutOff()];
    if (rest === '' || this.#state === 'call closing') return [];
    if (this.#state === 'reasoning')
      return rest.trim() === '' ? [] : [{ type: 'reasoning.delta', text: rest.trimEnd() }];
    if (this.#state === 'after') return rest.trim() === '' ? [] : [{ type: 'message.delta', text: rest.trimStart() }];
    return [{ type: 'message.delta', text: rest }];
  }

  /** Takes what it can from the pending text; false when more of it is needed. */
  #step(emit: (event: ParsedEvent) => void): boolean {
    switch (this.#state) {
      case 'start':
        return this.#readStart();
      case 'reasoning':
        return this.#readReasoning(emit);
      case 'text':
        return this.#readText(emit);
      case 'call opening':
        return this.#readCallOpening(emit);
      case 'call':
        return this.#readCall(emit);
      case 'call closing':
        return this.#readCallClosing();
      case 'after':
        return this.#skipSpace(() => this.#enter('text'));
    }
  }

  #readStart(): boolean {
    const rest = this.#pending.trimStart();
    if (rest.startsWith(REASONING_OPEN)) {
      this.#pending = rest.slice(REASONING_OPEN.length);
      this.#enter('reasoning');
      return true;
    }
    if (REASONING_OPEN.startsWith(rest)) return false;
    this.#enter('text');
    return true;
  }

  #readReasoning(emit: (event: ParsedEvent) => void): boolean {
    const { before, found, after } = splitAtMarker(this.#pending, REASONING_CLOSE);
    const text = this.#blockBegun ? before : before.trimStart();
    if (text !== '') emit({ type: 'reasoning.delta', text });
    this.#blockBegun ||= text !== '';
    this.#pending = after;
    if (!found) return false;
    this.#enter('after');
    return true;
  }

  #readText(emit: (event: ParsedEvent) => void): boolean {
    if (this.#calls === undefined) {
      emit({ type: 'message.delta', text: this.#pending });
      this.#pending = '';
      return false;
    }
    const { before, found, space, after } = splitAtMarker(this.#pending, this.#calls.open);
    if (before !== '') emit({ type: 'message.delta', text: before });
    this.#pending = after;
    if (!found) return false;
    this.#markerText = space + this.#calls.open;
    this.#enter('call opening');
    return true;
  }

  #readCallOpening(emit: (event: ParsedEvent) => void): boolean {
    const rest = this.#pending.trimStart();
    if (rest === '') return false;
    if (rest.startsWith('{')) {
      this.#pending = rest;
      this.#call = new CallParser(this.#callCount++);
      this.#enter('call');
      return true;
    }
    // The marker was only mentioned: a call begins with an object.
    if (!this.#dropsCalls) emit({ type: 'message.delta', text: this.#markerText });
    this.#enter('text');
    return true;
  }

  #readCall(emit: (event: ParsedEvent) => void): boolean {
    if (this.#call === undefined) return false;
    this.#pending = this.#pending.slice(this.#call.read(this.#pending, emit));
    if (!this.#call.finished) return false;
    this.#call = undefined;
    this.#enter('call closing');
    return true;
  }

  #readCallClosing(): boolean {
    const close = this.#calls?.close ?? '';
    const rest = this.#pending.trimStart();
    if (rest.startsWith(close)) this.#pending = rest.slice(close.length);
    else if (close.startsWith(rest)) return false;
    this.#enter('after');
    return true;
  }

  #skipSpace(then: () => void): boolean {
    const rest = this.#pending.trimStart();
    if (rest === '') return false;
    this.#pending = rest;
    then();
    return true;
  }

  #enter(state: State): void {
    if (PLACES[state] !== this.place) this.#stretch += 1;
    this.#state = state;
    this.#blockBegun = false;
  }
}
