import type { EngineEvent, FinishReason } from '@latchkey/engine';
import type { ParsedEvent, TurnParser } from '../formats/turn-parser.ts';
import { StopStrings } from './stop-strings.ts';

/** Turns the text of one turn into events, and detects when a stop string ends it. */
export class Answer {
  readonly #parser: TurnParser;
  readonly #emit: (event: EngineEvent) => void;
  readonly #stops: StopStrings;
  readonly #formatStops: readonly string[];
  readonly #endsWithCall: boolean;
  #hasCalled = false;

  /**
   * `formatStops` end the turn like the model's own end token; `stop` are the texts of the request that do, and with
   * `oneCall` its first call of a tool does.
   */
  constructor(
    parser: TurnParser,
    { stop: stops, oneCall = false }: { readonly stop: readonly string[]; readonly oneCall?: boolean },
    formatStops: readonly string[],
    emit: (event: EngineEvent) => void,
  ) {
    this.#parser = parser;
    this.#emit = emit;
    this.#endsWithCall = oneCall;
    this.#stops = new StopStrings([...stops, ...formatStops]);
    this.#formatStops = formatStops.filter((stop) => !stops.includes(stop));
  }

  get stopped(): boolean {
    return this.#hasCalled || this.#stops.found !== undefined;
  }

  read(text: string): void {
    if (text !== '') this.#pass(this.#parser.read(text));
  }

  /** Emits the text that was held back; returns why the turn ended. */
  end(cutShort: boolean): { readonly reason: FinishReason; readonly stopString?: string } {
    if (!this.stopped) {
      this.#pass(this.#parser.end());
      this.#flush();
    }
    const stop = this.#stops.found;
    if (stop !== undefined) {
      return this.#formatStops.includes(stop) ? { reason: 'stop' } : { reason: 'stop_string', stopString: stop };
    }
    if (this.#hasCalled) return { reason: 'tool_calls' };
    if (cutShort) return { reason: 'length' };
    return { reason: this.#parser.callCount > 0 ? 'tool_calls' : 'stop' };
  }

  #pass(events: readonly ParsedEvent[]): void {
    for (const event of events) {
      if (this.stopped) return;
      if (event.type === 'message.delta') this.#emitText(this.#stops.read(event.text));
      else {
        this.#flush();
        this.#emit(event);
        const isRead = event.type === 'tool_call.end' || event.type === 'tool_call.invalid';
        if (isRead) this.#hasCalled = this.#endsWithCall;
      }
    }
  }

  #flush(): void {
    this.#emitText(this.#stops.flush());
  }

  #emitText(text: string): void {
    if (text !== '') this.#emit({ type: 'message.delta', text });
  }
}
