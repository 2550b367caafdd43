import type { EngineEvent } from '@latchkey/engine';

/** Text that arrives faster than this is sent together; people cannot read faster. */
const PAUSE_MILLISECONDS = 8;

/** The clock of a sender; the real time by default. */
export interface SenderClock {
  now(): number;
  /** Calls back once after a number of milliseconds; returns a function that cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

const REAL_CLOCK: SenderClock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/**
 * Forwards a generation's events. The first piece of text after a pause is sent at once; pieces that follow in quick
 * succession are joined, so that not every token costs a message to another process.
 */
export class EventSender {
  readonly #send: (events: readonly EngineEvent[]) => void;
  readonly #clock: SenderClock;
  #waiting: EngineEvent[] = [];
  #lastSent = Number.NEGATIVE_INFINITY;
  #callOff: (() => void) | undefined;

  constructor(send: (events: readonly EngineEvent[]) => void, clock: SenderClock = REAL_CLOCK) {
    this.#send = send;
    this.#clock = clock;
  }

  push(event: EngineEvent): void {
    const last = this.#waiting.at(-1);
    const joined = last === undefined ? undefined : join(last, event);
    if (joined === undefined) this.#waiting.push(event);
    else this.#waiting[this.#waiting.length - 1] = joined;
    if (this.#callOff !== undefined) return;
    const wait = this.#lastSent + PAUSE_MILLISECONDS - this.#clock.now();
    if (wait <= 0) this.flush();
    else this.#callOff = this.#clock.after(wait, () => this.flush());
  }

  flush(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    if (this.#waiting.length === 0) return;
    const events = this.#waiting;
    this.#waiting = [];
    this.#lastSent = this.#clock.now();
    this.#send(events);
  }
}

function join(first: EngineEvent, second: EngineEvent): EngineEvent | undefined {
  if (first.type === 'message.delta' && second.type === 'message.delta') {
    return { type: 'message.delta', text: first.text + second.text };
  }
  if (first.type === 'reasoning.delta' && second.type === 'reasoning.delta') {
    return { type: 'reasoning.delta', text: first.text + second.text };
  }
  if (first.type === 'tool_call.delta' && second.type === 'tool_call.delta' && first.index === second.index) {
    return { type: 'tool_call.delta', index: first.index, text: first.text + second.text };
  }
  return undefined;
}
