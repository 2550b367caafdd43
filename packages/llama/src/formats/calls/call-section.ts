import type { ToolDefinition } from '@latchkey/engine';
import { CallInput, type Reading } from './call-input.ts';
import { type CallEvent, CallSink } from './call-sink.ts';

/** How far the reading of calls has come. `refused`: it was no call, and nothing was emitted. */
export type SectionState = 'open' | 'closed' | 'refused';

/** One stretch of a turn with one or more calls in it, read as it comes. */
export class CallSection {
  readonly #input = new CallInput();
  readonly #events: CallEvent[] = [];
  readonly #reading: Reading<boolean>;
  #state: SectionState = 'open';
  #text = '';

  /** `next` counts a call and returns its place. */
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

  /** All that was read, and what was not needed. */
  get text(): string {
    return this.#text;
  }

  /** What comes after the calls. */
  get rest(): string {
    return this.#input.text;
  }

  /** Reads on; returns what became certain. */
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
