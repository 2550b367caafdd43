/** A tool call that a model asked for. `arguments` is what it wrote, parsed; it may be anything JSON can be. */
export interface ToolCallRequest {
  /** Unique within the conversation, e.g. `call_1f0c…`; ties a tool's answer to its question. */
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

/** A run of text in a message. */
export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/**
 * One message of a conversation in the neutral form that every dialect is parsed into and every engine is given.
 * All text in it is data: an engine must never let it become a control token.
 */
export type ChatMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: readonly (TextPart | ImagePart)[] }
  | {
      readonly role: 'assistant';
      readonly content: string;
      readonly reasoning?: string;
      readonly toolCalls?: readonly ToolCallRequest[];
    }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly name: string; readonly content: string };
