import type { ChatMessage, ToolCallRequest, ToolDefinition } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';

/** A user's text. Throws EngineError `UNSUPPORTED_INPUT` for an image: llama.cpp's binding cannot see. */
export function userText(message: Extract<ChatMessage, { role: 'user' }>): string {
  return message.content
    .map((part) => {
      if (part.type === 'text') return part.text;
      throw new EngineError('UNSUPPORTED_INPUT', 'This model cannot read images. Send text only.');
    })
    .join('\n');
}

/** The messages in the shape that chat templates expect. */
export function toTemplateMessages(messages: readonly ChatMessage[]): object[] {
  return messages.map(toTemplateMessage);
}

function toTemplateMessage(message: ChatMessage): object {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', content: userText(message) };
    case 'tool':
      return { role: 'tool', content: message.content, name: message.name, tool_call_id: message.toolCallId };
    case 'assistant':
      return {
        role: 'assistant',
        content: message.content,
        ...(message.reasoning === undefined ? {} : { reasoning_content: message.reasoning }),
        ...(message.toolCalls === undefined || message.toolCalls.length === 0
          ? {}
          : { tool_calls: message.toolCalls.map(toTemplateCall) }),
      };
  }
}

function toTemplateCall({ id, name, arguments: callArguments }: ToolCallRequest): object {
  return { id, type: 'function', function: { name, arguments: callArguments } };
}

/** The tools in the shape that chat templates expect. */
export function toTemplateTools(tools: readonly ToolDefinition[]): object[] {
  return tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name, ...(description === undefined ? {} : { description }), parameters },
  }));
}
