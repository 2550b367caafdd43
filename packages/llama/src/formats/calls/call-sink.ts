import type { EngineEvent, ToolDefinition } from '@latchkey/engine';
import { withoutMarks } from '../syntax/token-marks.ts';

/** The events of reading tool calls. */
export type CallEvent = Extract<EngineEvent, { readonly type: `tool_call.${string}` }>;

/** How much of a call that cannot be parsed is passed on, in characters. */
const RAW_LIMIT = 4000;

export const CUT_OFF = 'The call was cut off.';

/** Turns parsed calls into events. */
export class CallSink {
  readonly tools: readonly ToolDefinition[];
  readonly #emit: (event: CallEvent) => void;
  readonly #next: () => number;
  #index = -1;
  #name: string | undefined;

  /** `next` counts a call and returns its index. */
  constructor(tools: readonly ToolDefinition[], next: () => number, emit: (event: CallEvent) => void) {
    this.tools = tools;
    this.#next = next;
    this.#emit = emit;
  }

  /** Starts a call whose name is not known yet. */
  begin(): void {
    this.#index = this.#next();
    this.#name = undefined;
  }

  start(name: string): void {
    this.#name = withoutMarks(name);
    this.#emit({ type: 'tool_call.start', index: this.#index, name: this.#name });
  }

  delta(text: string): void {
    const unmarked = withoutMarks(text);
    if (unmarked !== '') this.#emit({ type: 'tool_call.delta', index: this.#index, text: unmarked });
  }

  end(callArguments: Record<string, unknown>): void {
    this.#emit({ type: 'tool_call.end', index: this.#index, name: this.#name ?? '', arguments: callArguments });
  }

  invalid(reason: string, raw: string): void {
    this.#emit({
      type: 'tool_call.invalid',
      index: this.#index,
      ...(this.#name === undefined ? {} : { name: this.#name }),
      raw: withoutMarks(raw).slice(0, RAW_LIMIT),
      reason,
    });
  }

  /** Emits a complete call at once. */
  whole(name: string, callArguments: Record<string, unknown>): void {
    this.begin();
    this.start(name);
    this.delta(JSON.stringify(callArguments));
    this.end(callArguments);
  }
}
