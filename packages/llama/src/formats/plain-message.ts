import { type ChatMessage, callsOf, EngineError, type InputPart, type ToolCallRequest, textOf } from '@latchkey/engine';

/** A message as chat templates know it: text, thought and calls of an assistant each have a field of their own. */
export type PlainMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: readonly InputPart[] }
  | {
      readonly role: 'assistant';
      readonly content: string;
      readonly reasoning?: string;
      readonly toolCalls?: readonly ToolCallRequest[];
    }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly name: string; readonly content: string };

/**
 * Gathers the parts of each message into the fields of templates. Throws EngineError `UNSUPPORTED_INPUT` for an image
 * in a tool's result: the llama.cpp binding does not support images.
 */
export function toPlainMessages(messages: readonly ChatMessage[]): PlainMessage[] {
  return messages.map(toPlainMessage);
}

function toPlainMessage(message: ChatMessage): PlainMessage {
  switch (message.role) {
    case 'system':
    case 'user':
      return message;
    case 'assistant': {
      const reasoning = message.content.map((part) => (part.type === 'reasoning' ? part.text : '')).join('');
      const calls = callsOf(message).map(({ id, name, arguments: args }) => ({ id, name, arguments: args }));
      return {
        role: 'assistant',
        content: textOf(message.content),
        ...(reasoning === '' ? {} : { reasoning }),
        ...(calls.length === 0 ? {} : { toolCalls: calls }),
      };
    }
    case 'tool': {
      const { role, toolCallId, name } = message;
      return { role, toolCallId, name, content: plainText(message.content) };
    }
  }
}

/** The parts as lines of text. Throws EngineError `UNSUPPORTED_INPUT` for an image. */
export function plainText(parts: readonly InputPart[]): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      throw new EngineError('UNSUPPORTED_INPUT', 'This model cannot read images. Send text only.');
    })
    .join('\n');
}
