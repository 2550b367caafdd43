import type { ToolDefinition } from '@latchkey/engine';
import { CallInput, type Reading } from './call-input.ts';
import { type CallEvent, CallSink } from './call-sink.ts';

/** The state of reading calls. `refused`: the text was not a call, and nothing was emitted. */
export type SectionState = 'open' | 'closed' | 'refused';

/** A section of a turn with one or more calls, read as it arrives. */
export class CallSection {
  readonly #input = new CallInput();
  readonly #events: CallEvent[] = [];
  readonly #reading: Reading<boolean>;
  #state: SectionState = 'open';
  #text = '';

  /** `next` counts a call and returns its index. */
  constructor(
    tools: readonly ToolDefinition[],
    next: () => number,
    read: (input: CallInput, sink: CallSink) => Reading<boolean>,
  ) {
    this.#reading = read(this.#input, new CallSink(tools, next, (event) => this.#events.push(event)));
  }

  get state(): SectionState {
    return this.#state;
  }

  /** All text that was passed to `read`, including the rest. */
  get text(): string {
    return this.#text;
  }

  /** The text after the calls. */
  get rest(): string {
    return this.#input.text;
  }

  /** Reads more text; returns the events that are certain. */
  read(text: string): CallEvent[] {
    this.#text += text;
    this.#input.text += text;
    return this.#run();
  }

  end(): CallEvent[] {
    this.#input.ended = true;
    return this.#run();
  }

  #run(): CallEvent[] {
    const step = this.#reading.next();
    if (step.done === true) this.#state = step.value ? 'closed' : 'refused';
    return this.#events.splice(0);
  }
}
