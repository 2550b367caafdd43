import type { EngineEvent, ToolDefinition } from '@latchkey/engine';
import type { TurnSyntax } from './syntax/turn-syntax.ts';

/** What a model's text turns into. */
export type ParsedEvent = Extract<
  EngineEvent,
  { readonly type: 'reasoning.delta' | 'message.delta' | `toolCall.${string}` }
>;

/** Where in its turn the model is; a grammar is chosen by it. */
export type OutputPlace = 'reasoning' | 'answer' | 'call';

/** How a turn is read. All texts have marks in front of what came, or comes, as special tokens (`token-marks.ts`). */
export interface TurnParserOptions {
  readonly syntax: TurnSyntax;
  /** The end of the prompt, as far as it belongs to the model's turn. */
  readonly opened: string;
  /** The tools that the model was shown; what looks like a call without them is text. */
  readonly tools: readonly ToolDefinition[];
  /** The model must not call: what it writes as a call is left out of its text. */
  readonly dropsCalls?: boolean;
}

/** Takes a model's text apart as it comes. How the text is cut into pieces makes no difference. */
export interface TurnParser {
  readonly place: OutputPlace;
  /** Counts the changes of place. */
  readonly stretch: number;
  /** Nothing but whitespace has come since the place changed. */
  readonly untouched: boolean;
  /** Tool calls so far, whether they could be understood or not; those that were dropped are none. */
  readonly callCount: number;
  read(text: string): ParsedEvent[];
  /** To be called once, when the model's turn is over. */
  end(): ParsedEvent[];
}
