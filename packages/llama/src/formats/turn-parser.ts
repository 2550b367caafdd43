import type { EngineEvent, ToolDefinition } from '@latchkey/engine';
import type { TurnSyntax } from './syntax/turn-syntax.ts';

/** The events that a model's text is parsed into. */
export type ParsedEvent = Extract<
  EngineEvent,
  { readonly type: 'reasoning.delta' | 'message.delta' | `tool_call.${string}` }
>;

/** The place in the model's turn; it selects the grammar. */
export type OutputPlace = 'reasoning' | 'answer' | 'call';

/** How a turn is parsed. In all texts, special tokens have a mark in front (`token-marks.ts`). */
export interface TurnParserOptions {
  readonly syntax: TurnSyntax;
  /** The end of the prompt that belongs to the model's turn. */
  readonly opened: string;
  /** The tools that the model was shown. Without tools, a text that looks like a call is text. */
  readonly tools: readonly ToolDefinition[];
  /** True when the model must not call tools: calls that it writes are dropped. */
  readonly dropsCalls?: boolean;
}

/** Parses a model's text as it arrives. The result does not depend on how the text is cut into pieces. */
export interface TurnParser {
  readonly place: OutputPlace;
  /** Counts the changes of place. */
  readonly stretch: number;
  /** Whether only whitespace has arrived since the place changed. */
  readonly untouched: boolean;
  /** The number of tool calls so far, including invalid ones, but not dropped ones. */
  readonly callCount: number;
  read(text: string): ParsedEvent[];
  /** Ends the turn; to be called once. */
  end(): ParsedEvent[];
}
