import type { ReasoningEffort, ToolDefinition } from '@latchkey/engine';
import type { PlainMessage } from './plain-message.ts';
import type { TurnSyntax } from './syntax/turn-syntax.ts';

/** The input of a prompt. Its texts are made safe (see `prompt-tokens.ts`) before a format gets them. */
export interface Conversation {
  readonly messages: readonly PlainMessage[];
  /** Only the tools that the model may use in this turn. */
  readonly tools: readonly ToolDefinition[];
  /** Absent: the default of the model's template. */
  readonly reasoning?: ReasoningEffort;
}

/** How a model reads conversations and writes its turns. */
export interface ChatFormat {
  /** The syntax for parsing its turns and writing their grammars. */
  readonly syntax: TurnSyntax;
  /** Texts that end the model's turn, for models whose template has no end token. */
  readonly stop: readonly string[];
  /** The prompt up to where the model's own turn begins. Throws EngineError `UNSUPPORTED_INPUT`. */
  render(conversation: Conversation): string;
}
