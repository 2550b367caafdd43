import type { ChatMessage, ToolCallRequest } from '@latchkey/engine';

type Assistant = Extract<ChatMessage, { role: 'assistant' }>;
type Answer = Extract<ChatMessage, { role: 'tool' }>;

/** A message as stored before messages had parts: text, thought and calls are separate fields. */
type OlderMessage =
  | {
      readonly role: 'assistant';
      readonly content: string;
      readonly reasoning?: string;
      readonly toolCalls?: readonly ToolCallRequest[];
    }
  | (Omit<Answer, 'content'> & { readonly content: string });

type StoredMessage = ChatMessage | OlderMessage;

/** Reads the messages of a stored turn, in the current form or the previous one. */
export const readMessages = (json: string): readonly ChatMessage[] =>
  (JSON.parse(json) as readonly StoredMessage[]).map(toMessage);

function toMessage(stored: StoredMessage): ChatMessage {
  if (stored.role === 'tool') return { ...stored, content: toParts(stored.content) };
  if (stored.role !== 'assistant' || typeof stored.content !== 'string') return stored as ChatMessage;
  const { content, reasoning, toolCalls = [] } = stored as Extract<OlderMessage, { role: 'assistant' }>;
  const parts: Assistant['content'] = [
    ...(reasoning === undefined ? [] : [{ type: 'reasoning' as const, text: reasoning }]),
    ...(content === '' ? [] : [{ type: 'text' as const, text: content }]),
    ...toolCalls.map((call) => ({ type: 'tool_call' as const, ...call })),
  ];
  return { role: 'assistant', content: parts };
}

const toParts = (content: string | Answer['content']): Answer['content'] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;
