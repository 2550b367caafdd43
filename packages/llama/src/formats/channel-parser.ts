import type { CallInput, Reading } from './calls/call-input.ts';
import { skipSpace } from './calls/call-input.ts';
import { CallSection } from './calls/call-section.ts';
import type { CallSink } from './calls/call-sink.ts';
import { readArguments } from './calls/named-calls.ts';
import { readCalls, takeOptional } from './calls/read-calls.ts';
import { splitAtMarker } from './marker-search.ts';
import { withoutMarks } from './syntax/token-marks.ts';
import type { CallSyntax, ChannelSyntax } from './syntax/turn-syntax.ts';
import type { OutputPlace, ParsedEvent, TurnParser, TurnParserOptions } from './turn-parser.ts';

type State = 'header' | 'reasoning' | 'text' | 'call' | 'between';

const PLACES: Record<State, OutputPlace> = {
  header: 'answer',
  between: 'answer',
  text: 'answer',
  reasoning: 'reasoning',
  call: 'call',
};

/** The longest header. A longer text means that the model has left out the header. */
const HEADER_LIMIT = 300;

/** Parses a turn that consists of messages, each with a header that names its recipient. */
export class ChannelParser implements TurnParser {
  readonly #options: TurnParserOptions;
  readonly #channels: ChannelSyntax;
  readonly #calls: CallSyntax;
  readonly #call: RegExp;
  readonly #reasoning: RegExp;
  #state: State = 'header';
  #pending = '';
  #section: CallSection | undefined;
  #callCount = 0;
  #stretch = 0;
  #blockBegun = false;
  /** Whether the prompt has begun a header that calls a tool. */
  #forced = false;

  constructor(options: TurnParserOptions, channels: ChannelSyntax) {
    this.#options = options;
    this.#channels = channels;
    this.#calls = options.syntax.calls;
    this.#call = new RegExp(channels.call);
    this.#reasoning = new RegExp(channels.reasoning);
    const opened = options.opened.startsWith(channels.start)
      ? options.opened.slice(channels.start.length)
      : options.opened;
    this.read(opened);
    this.#forced = this.#state === 'header' && opened.trim() !== '';
    this.#stretch = 0;
  }

  get place(): OutputPlace {
    return this.#forced ? 'call' : PLACES[this.#state];
  }

  get stretch(): number {
    return this.#stretch;
  }

  get untouched(): boolean {
    if (this.#state === 'call') return this.#section?.text.trim() === '';
    if (this.#state === 'reasoning') return !this.#blockBegun && this.#pending.trim() === '';
    return this.#state !== 'text' && (this.#forced || this.#pending.trim() === '');
  }

  get callCount(): number {
    return this.#options.dropsCalls === true ? 0 : this.#callCount;
  }

  read(text: string): ParsedEvent[] {
    const events: ParsedEvent[] = [];
    this.#pending += text;
    while (this.#pending !== '' && this.#step((event) => events.push(event)));
    return this.#wanted(events);
  }

  end(): ParsedEvent[] {
    const events: ParsedEvent[] = [];
    if (this.#section !== undefined) events.push(...this.#section.end());
    else {
      const rest = withoutMarks(this.#pending);
      if (this.#state === 'reasoning' && rest.trim() !== '')
        events.push({ type: 'reasoning.delta', text: rest.trimEnd() });
      const isText = this.#state === 'text' || (this.#state === 'header' && !this.#forced && rest.trim() !== '');
      if (isText && rest !== '') events.push({ type: 'message.delta', text: rest });
    }
    return this.#wanted(events);
  }

  #wanted(events: ParsedEvent[]): ParsedEvent[] {
    return this.#options.dropsCalls === true
      ? events.filter(({ type }) => type.endsWith('.delta') && type !== 'tool_call.delta')
      : events;
  }

  #step(emit: (event: ParsedEvent) => void): boolean {
    if (this.#state === 'header') return this.#readHeader();
    if (this.#state === 'call') return this.#readCall(emit);
    return this.#readBody(emit);
  }

  #readHeader(): boolean {
    const { headerEnd, start } = this.#channels;
    const at = this.#pending.indexOf(headerEnd);
    if (at < 0) {
      if (this.#pending.length <= HEADER_LIMIT) return false;
      this.#enter('text');
      return true;
    }
    const header = withoutMarks(this.#pending.slice(0, at));
    this.#pending = this.#pending.slice(at + headerEnd.length);
    const name = this.#call.exec(header)?.groups?.name;
    const known = this.#options.tools.length > 0 || this.#options.dropsCalls === true;
    if (name !== undefined && known) this.#beginCall(name);
    else if (this.#reasoning.test(header)) this.#enter('reasoning');
    else this.#enter('text');
    if (start === '') this.#blockBegun = true;
    return true;
  }

  #readBody(emit: (event: ParsedEvent) => void): boolean {
    const { start, ends } = this.#channels;
    const { before, found, after } = splitAtMarker(this.#pending, [start, ...ends]);
    this.#pending = after;
    const raw = this.#state === 'reasoning' && !this.#blockBegun ? before.trimStart() : before;
    const text = withoutMarks(raw);
    if (text !== '' && this.#state !== 'between') {
      this.#blockBegun = true;
      emit({ type: this.#state === 'reasoning' ? 'reasoning.delta' : 'message.delta', text });
    }
    if (found === undefined) return false;
    this.#enter(found === start ? 'header' : 'between');
    return true;
  }

  #readCall(emit: (event: ParsedEvent) => void): boolean {
    const section = this.#section;
    if (section === undefined) return false;
    section.read(this.#pending).forEach(emit);
    this.#pending = '';
    if (section.state === 'open') return false;
    this.#section = undefined;
    this.#pending = section.state === 'closed' ? section.rest : section.text;
    this.#enter('between');
    return true;
  }

  #beginCall(name: string): void {
    const calls = this.#calls;
    this.#section = new CallSection(
      this.#options.tools,
      () => this.#callCount++,
      (input, sink) => (calls.body.kind === 'named' ? argumentsOf(input, sink, name) : whole(input, calls, sink)),
    );
    this.#enter('call');
  }

  #enter(state: State): void {
    this.#forced = false;
    if (PLACES[state] !== PLACES[this.#state]) this.#stretch += 1;
    this.#state = state;
    this.#blockBegun = false;
  }
}

function* argumentsOf(input: CallInput, sink: CallSink, name: string): Reading<boolean> {
  sink.begin();
  sink.start(name);
  yield* skipSpace(input);
  yield* readArguments(input, sink);
  return true;
}

function* whole(input: CallInput, calls: CallSyntax, sink: CallSink): Reading<boolean> {
  yield* takeOptional(input, calls.open[0] ?? '');
  return yield* readCalls(input, calls, sink);
}
