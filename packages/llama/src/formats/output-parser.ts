import { CallSection } from './calls/call-section.ts';
import { CUT_OFF } from './calls/call-sink.ts';
import { readCalls } from './calls/read-calls.ts';
import { splitAtMarker } from './marker-search.ts';
import { ANY } from './syntax/pattern.ts';
import { TOKEN_MARK, withoutMarks } from './syntax/token-marks.ts';
import type { TurnSyntax } from './syntax/turn-syntax.ts';
import type { OutputPlace, ParsedEvent, TurnParser, TurnParserOptions } from './turn-parser.ts';

/** `start` and `after` are between blocks; there a marker counts even if the vocabulary has no token for it. */
type State = 'start' | 'reasoning' | 'text' | 'call' | 'after';

const PLACES: Record<State, OutputPlace> = {
  start: 'answer',
  text: 'answer',
  after: 'answer',
  reasoning: 'reasoning',
  call: 'call',
};

/** The beginning of a call without a marker in front. */
const BARE_CALL = /^\{\s*"(?:name|type|function|id)"\s*:/;
const BARE_KEYS = ['"name"', '"type"', '"function"', '"id"'];

/**
 * Splits a model's text into reasoning, message and tool calls. A marker may be spread over several pieces; text is
 * held back only while it may be the beginning of one.
 */
export class OutputParser implements TurnParser {
  readonly #options: TurnParserOptions;
  readonly #syntax: TurnSyntax;
  /** The opening markers of calls; none when the model was shown no tools. */
  readonly #opens: readonly string[];
  readonly #bare: boolean;
  /** The opening marker of each call inside the outer one, for models that leave out the outer marker. */
  readonly #innerOpen: string;
  #state: State = 'start';
  #pending = '';
  /** The text between the message and the calls, kept in case the calls turn out to be text. */
  #markerText = '';
  #section: CallSection | undefined;
  #sectionIsBare = false;
  /** The part of a thought from the beginning of a call. The call counts only if the thought is not closed after it. */
  #thoughtWithCall = '';
  #callCount = 0;
  #stretch = 0;
  #blockBegun = false;
  #contentOpen = false;
  /** Whether the text is outside the markers that enclose the model's answer. */
  #muted = false;

  constructor(options: TurnParserOptions) {
    this.#options = options;
    this.#syntax = options.syntax;
    const shown = options.tools.length > 0 || options.dropsCalls === true;
    const { open } = options.syntax.calls;
    this.#opens = shown ? open.map((marker) => marker.trim()).filter((marker) => marker !== '') : [];
    this.#bare = shown && open.some((marker) => marker.trim() === '');
    const inner = (options.syntax.calls.callOpen.split(ANY)[0] ?? '').trim();
    // Where the outer marker is a token, the same characters as plain text are a quotation, and so is the text inside.
    const counts = inner.includes(TOKEN_MARK) || !open.some((marker) => marker.includes(TOKEN_MARK));
    this.#innerOpen = shown && counts && /^\W*[<[]/.test(inner) ? inner : '';
    this.read(options.opened);
    this.#stretch = 0;
  }

  get place(): OutputPlace {
    return PLACES[this.#state];
  }

  get stretch(): number {
    return this.#stretch;
  }

  get untouched(): boolean {
    if (this.#state === 'call') return this.#section?.text.trim() === '';
    if (this.#state === 'reasoning') return !this.#blockBegun && this.#pending.trim() === '';
    return this.#state !== 'text' && this.#pending.trim() === '';
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
    const emit = (event: ParsedEvent): void => {
      events.push(event);
    };
    if (this.#section !== undefined && this.#state === 'reasoning') this.#endThoughtWithCall(emit);
    else if (this.#section !== undefined) this.#endSection(this.#section, emit);
    const rest = withoutMarks(this.#pending);
    this.#pending = '';
    if (this.#state === 'reasoning') {
      if (rest.trim() !== '') emit({ type: 'reasoning.delta', text: rest.trimEnd() });
    } else if (this.#state === 'after') {
      if (rest.trim() !== '') this.#emitText(rest.trimStart(), emit);
    } else this.#emitText(rest, emit);
    return this.#wanted(events);
  }

  #wanted(events: ParsedEvent[]): ParsedEvent[] {
    return this.#options.dropsCalls === true
      ? events.filter(({ type }) => type.endsWith('.delta') && type !== 'tool_call.delta')
      : events;
  }

  /** Processes as much of the pending text as possible; false when more text is needed. */
  #step(emit: (event: ParsedEvent) => void): boolean {
    switch (this.#state) {
      case 'start':
      case 'after':
        return this.#readBoundary();
      case 'reasoning':
        return this.#readReasoning(emit);
      case 'text':
        return this.#readText(emit);
      case 'call':
        return this.#readCall(emit);
    }
  }

  #readBoundary(): boolean {
    const rest = this.#pending.trimStart();
    if (rest === '' || rest === TOKEN_MARK) return false;
    const { reasoning, content, glue = '' } = this.#syntax;
    const markers = [reasoning.open, reasoning.close, content?.open ?? '', glue, ...this.#opens, this.#innerOpen].map(
      (marker) => marker.trim(),
    );
    const found = longest(markers.filter((marker) => marker !== '' && rest.startsWith(marker)));
    const longer = markers.some((marker) => marker.length > rest.length && marker.startsWith(rest));
    if (found === undefined && longer) return false;
    if (found !== undefined) {
      this.#pending = rest.slice(found.length);
      this.#passMarker(found);
      return true;
    }
    if (this.#bare && this.#state === 'start') {
      if (BARE_CALL.test(rest)) {
        this.#markerText = '';
        this.#beginCalls(true);
        return true;
      }
      if (mayBecomeBare(rest)) return false;
    }
    if (this.#state === 'after') this.#pending = rest;
    this.#enter('text');
    return true;
  }

  /** The marker that counts within text although it is not a token: the end of the answer, or its beginning. */
  get #untokenedMarker(): string | undefined {
    const { content } = this.#syntax;
    if (this.#muted) return content?.open;
    return this.#contentOpen ? content?.close : undefined;
  }

  #passMarker(marker: string): void {
    const { reasoning, content } = this.#syntax;
    if (this.#opens.includes(marker)) {
      this.#markerText = marker;
      this.#beginCalls();
    } else if (marker === this.#innerOpen) {
      this.#markerText = marker;
      this.#pending = marker + this.#pending;
      this.#beginCalls(true);
    } else if (marker === reasoning.open.trim()) {
      this.#muted = false;
      this.#enter('reasoning');
    } else if (marker === content?.open.trim()) {
      this.#muted = false;
      this.#contentOpen = true;
      this.#enter('after');
    } else if (marker === content?.close.trim()) {
      this.#muted = true;
      this.#enter('after');
    } else this.#enter('after');
  }

  #readReasoning(emit: (event: ParsedEvent) => void): boolean {
    const { reasoning } = this.#syntax;
    const close = reasoning.close.trim();
    if (this.#section !== undefined) return this.#readThoughtWithCall(this.#section, close, emit);
    const { before, found, space, after } = splitAtMarker(this.#pending, [close, ...this.#opens]);
    const text = withoutMarks(this.#blockBegun ? before : before.trimStart());
    if (text !== '') emit({ type: 'reasoning.delta', text });
    this.#blockBegun ||= text !== '';
    this.#pending = after;
    if (found === undefined) return false;
    if (found === close) {
      this.#contentOpen ||= this.#syntax.content?.open.trim() === close;
      this.#enter('after');
    } else {
      this.#markerText = space + found;
      this.#thoughtWithCall = this.#markerText;
      this.#section = this.#newSection(() => 0);
    }
    return true;
  }

  #readThoughtWithCall(section: CallSection, close: string, emit: (event: ParsedEvent) => void): boolean {
    const text = this.#pending;
    const searched = Math.max(0, this.#thoughtWithCall.length - close.length);
    this.#thoughtWithCall += text;
    if (section.state === 'open') section.read(text);
    const closed = this.#thoughtWithCall.includes(close, searched);
    if (!closed && section.state !== 'refused') {
      this.#pending = '';
      return false;
    }
    // The thought is about a call, or only mentions the marker; another marker may follow.
    this.#section = undefined;
    const { before, found, after } = splitAtMarker(this.#thoughtWithCall, [close]);
    const about = found === undefined ? this.#markerText : before;
    emit({ type: 'reasoning.delta', text: withoutMarks(about) });
    this.#blockBegun = true;
    this.#pending = found === undefined ? section.text : found + after;
    return true;
  }

  /** Ends a thought that was never closed: the calls in it count as calls. */
  #endThoughtWithCall(emit: (event: ParsedEvent) => void): void {
    const text = this.#thoughtWithCall;
    this.#section = undefined;
    this.#pending = '';
    const inner = new OutputParser({ ...this.#options, opened: '' });
    inner.#state = 'text';
    for (const event of [...inner.read(text), ...inner.end()]) {
      emit(event.type === 'message.delta' ? { type: 'reasoning.delta', text: event.text } : event);
    }
    this.#callCount += inner.#callCount;
  }

  #readText(emit: (event: ParsedEvent) => void): boolean {
    const { reasoning, content, glue = '' } = this.#syntax;
    const always = [reasoning.open, reasoning.close, content?.open ?? '', content?.close ?? '', glue].filter(
      (marker) => marker.includes(TOKEN_MARK) || (marker !== '' && marker === this.#untokenedMarker),
    );
    const markers = [
      ...this.#opens,
      ...(this.#innerOpen === '' ? [] : [this.#innerOpen]),
      ...always.map((marker) => marker.trim()),
    ];
    if (markers.length === 0) {
      this.#emitText(this.#pending, emit);
      this.#pending = '';
      return false;
    }
    const { before, found, space, after } = splitAtMarker(this.#pending, markers);
    if (before !== '') this.#emitText(before, emit);
    this.#pending = after;
    if (found === undefined) return false;
    this.#passMarker(found);
    this.#markerText = space + found;
    return true;
  }

  #readCall(emit: (event: ParsedEvent) => void): boolean {
    const section = this.#section;
    if (section === undefined) return false;
    const events = section.read(this.#pending);
    this.#pending = '';
    this.#passCalls(section, events, emit);
    if (section.state === 'open') return false;
    this.#finishSection(section, emit);
    return true;
  }

  #passCalls(section: CallSection, events: readonly ParsedEvent[], emit: (event: ParsedEvent) => void): void {
    const [first] = events;
    if (first === undefined) return;
    const known = first.type === 'tool_call.start' && this.#options.tools.some(({ name }) => name === first.name);
    const isCall = !this.#sectionIsBare || known;
    this.#sectionIsBare = false;
    if (isCall) {
      for (const event of events) emit(event);
      return;
    }
    // The answer is an object that only looks like a call.
    this.#callCount -= 1;
    this.#section = undefined;
    this.#releaseMarker(section, emit);
  }

  /** The marker was only mentioned: it becomes text, and the text after it is parsed again. */
  #releaseMarker(section: CallSection, emit: (event: ParsedEvent) => void): void {
    const marker = this.#markerText;
    const inner =
      marker !== '' &&
      marker.endsWith(this.#innerOpen) &&
      this.#innerOpen !== '' &&
      section.text.startsWith(this.#innerOpen);
    this.#pending = inner ? section.text.slice(this.#innerOpen.length) : section.text;
    if (this.#options.dropsCalls !== true) this.#emitText(withoutMarks(marker), emit);
    this.#enter('text');
  }

  #endSection(section: CallSection, emit: (event: ParsedEvent) => void): void {
    if (section.text.trim() === '') {
      const index = this.#callCount++;
      this.#section = undefined;
      emit({ type: 'tool_call.invalid', index, raw: '', reason: CUT_OFF });
      return;
    }
    this.#passCalls(section, section.end(), emit);
    if (this.#section !== undefined) this.#finishSection(section, emit);
  }

  #finishSection(section: CallSection, emit: (event: ParsedEvent) => void): void {
    if (this.#section === undefined) return;
    this.#section = undefined;
    if (section.state === 'closed') {
      this.#pending = section.rest;
      this.#muted = this.#syntax.content !== undefined;
      this.#enter('after');
      return;
    }
    this.#releaseMarker(section, emit);
  }

  #beginCalls(bare = false): void {
    this.#sectionIsBare = bare;
    this.#section = this.#newSection(() => this.#callCount++);
    this.#enter('call');
  }

  #newSection(next: () => number): CallSection {
    const { calls } = this.#syntax;
    return new CallSection(this.#options.tools, next, (input, sink) => readCalls(input, calls, sink));
  }

  #emitText(text: string, emit: (event: ParsedEvent) => void): void {
    const unmarked = withoutMarks(text);
    if (unmarked !== '' && !this.#muted) emit({ type: 'message.delta', text: unmarked });
  }

  #enter(state: State): void {
    if (PLACES[state] !== this.place) this.#stretch += 1;
    this.#state = state;
    this.#blockBegun = false;
  }
}

function longest(texts: readonly string[]): string | undefined {
  return [...texts].sort((a, b) => b.length - a.length)[0];
}

function mayBecomeBare(text: string): boolean {
  return text.startsWith('{') && BARE_KEYS.some((key) => key.startsWith(text.slice(1).trim()));
}
