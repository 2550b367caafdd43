import type { ChatMessage, ToolCallRequest } from '@latchkey/engine';

/** What an assistant has said. */
export const said = (text: string): ChatMessage => ({ role: 'assistant', content: [{ type: 'text', text }] });

/** Calls that an assistant has made. */
export const called = (...calls: readonly ToolCallRequest[]): ChatMessage => ({
  role: 'assistant',
  content: calls.map((call) => ({ type: 'tool_call', ...call })),
});

/** What a tool has answered. */
export const answered = (toolCallId: string, name: string, text: string): ChatMessage => ({
  role: 'tool',
  toolCallId,
  name,
  content: [{ type: 'text', text }],
});
