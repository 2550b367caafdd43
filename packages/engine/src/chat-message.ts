/** A tool call that a model asked for. `arguments` is what it wrote, parsed; it may be anything JSON can be. */
export interface ToolCallRequest {
  /** Unique within the conversation, e.g. `call_1f0c…`; links a tool's result to its call. */
  readonly id: string;
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

/** An image in a message: `data` is base64 without the data-URL prefix. */
export interface ImagePart {
  readonly type: 'image';
  readonly mediaType: string;
  readonly data: string;
}

/** A piece of text in a message. */
export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/** A model's thought before or between its texts. */
export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  /** Data that the producer of the thought needs back with it; opaque to everything else. */
  readonly signature?: string;
}

/** A call in the place where the model wrote it. */
export interface ToolCallPart extends ToolCallRequest {
  readonly type: 'tool_call';
}

/** A part of an assistant's turn; a turn has them in the order in which the model wrote them. */
export type AssistantPart = TextPart | ReasoningPart | ToolCallPart;

/** A part of a user's message or of a tool's result. */
export type InputPart = TextPart | ImagePart;

/**
 * One message of a conversation in the neutral form that every dialect is parsed into and every engine is given.
 * All text in it is data: an engine must never let it become a control token.
 */
export type ChatMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: readonly InputPart[] }
  | { readonly role: 'assistant'; readonly content: readonly AssistantPart[] }
  | {
      readonly role: 'tool';
      readonly toolCallId: string;
      readonly name: string;
      readonly content: readonly InputPart[];
      /** The call failed, or was not made; the content says why. */
      readonly isError?: true;
    };

/** The texts of the parts, concatenated; thoughts, calls and images have none. */
export function textOf(parts: readonly (AssistantPart | InputPart)[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** The calls of a message, in order; only an assistant's message can have any. */
export function callsOf(message: ChatMessage | undefined): readonly ToolCallPart[] {
  return message?.role === 'assistant' ? message.content.filter((part) => part.type === 'tool_call') : [];
}
