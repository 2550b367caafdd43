import type { ChatMessage, ReasoningEffort, ToolDefinition } from '@latchkey/engine';
import type { TurnSyntax } from './syntax/turn-syntax.ts';

/** What a prompt is made of. Its texts have been made safe (see `prompt-tokens.ts`) before a format sees them. */
export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** Only the tools that the model may use in this turn. */
  readonly tools: readonly ToolDefinition[];
  /** Absent: as the model's template has it. */
  readonly reasoning?: ReasoningEffort;
}

/** How a model reads conversations and writes its turns. */
export interface ChatFormat {
  /** What its turns are read by, and their grammars written by. */
  readonly syntax: TurnSyntax;
  /** Texts at which the model's turn is over, for models whose template has no end token. */
  readonly stop: readonly string[];
  /** The prompt up to where the model's own turn begins. Throws EngineError `UNSUPPORTED_INPUT`. */
  render(conversation: Conversation): string;
}
