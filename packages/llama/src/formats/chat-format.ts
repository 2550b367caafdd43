import type { ChatMessage, ReasoningEffort, ToolDefinition } from '@latchkey/engine';

/** What a prompt is made of. Its texts have been made safe (see `prompt-tokens.ts`) before a format sees them. */
export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** Only the tools that the model may use in this turn. */
  readonly tools: readonly ToolDefinition[];
  /** Absent: as the model's template has it. */
  readonly reasoning?: ReasoningEffort;
}

/** How a model writes a tool call: `{"name": …, "arguments": {…}}` between these two. */
export interface CallSyntax {
  readonly open: string;
  readonly close: string;
  /**
   * The model was not trained on the syntax, so it would go on and invent the tool's answer: after a call it may only
   * call again or end.
   */
  readonly endsTurn: boolean;
}

/** SEAM. How a family of models reads conversations and writes tool calls. */
export interface ChatFormat {
  readonly calls: CallSyntax;
  /** Texts at which the model's turn is over, for models whose template has no end token. */
  readonly stop: readonly string[];
  /** The prompt up to where the model's own turn begins. Throws EngineError `UNSUPPORTED_INPUT`. */
  render(conversation: Conversation): string;
}
