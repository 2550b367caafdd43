import type { ChatMessage, ToolCallRequest, ToolDefinition } from '@latchkey/engine';
import type { ChatFormat } from '../chat-format.ts';
import { reasoningVariables } from '../reasoning-variables.ts';
import { userText } from '../template-messages.ts';
import type { ChatTemplate } from '../template-rendering.ts';

const OPEN = '[TOOL_REQUEST]';
const CLOSE = '[END_TOOL_REQUEST]';

/** What a template is like that this format has to get along with. */
export interface GenericFormatOptions {
  readonly takesSystem: boolean;
  /** Where the model's turn is over when the template has no token for it. */
  readonly stop?: readonly string[];
}

interface PlainMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * For models whose template knows nothing of tools, or writes calls in a way of its own: the tools are explained in
 * the system message, calls are lines of text, and results come back as the user's text.
 */
export function genericFormat(template: ChatTemplate, { takesSystem, stop = [] }: GenericFormatOptions): ChatFormat {
  return {
    calls: { open: OPEN, close: CLOSE, endsTurn: true },
    stop,
    render({ messages, tools, reasoning }) {
      const plain = joinNeighbours([...explainTools(tools), ...messages.map(toPlainMessage)]);
      const accepted = takesSystem ? plain : joinNeighbours(plain.map(withoutSystemRole));
      return template.render({ messages: accepted, ...reasoningVariables(reasoning) });
    },
  };
}

function explainTools(tools: readonly ToolDefinition[]): PlainMessage[] {
  if (tools.length === 0) return [];
  const example = `${OPEN}{"name": "tool_name", "arguments": {"key": "value"}}${CLOSE}`;
  const lines = [
    'You can use tools. To use one, write a line of exactly this form, with the tool’s name and its arguments as JSON:',
    example,
    'Then stop: the result comes with the next message. If no tool helps, answer directly.',
    'These are the tools, one per line, with the JSON Schema of their arguments:',
    ...tools.map(({ name, description, parameters }) => JSON.stringify({ name, description, parameters })),
  ];
  return [{ role: 'system', content: lines.join('\n') }];
}

function toPlainMessage(message: ChatMessage): PlainMessage {
  switch (message.role) {
    case 'system':
      return message;
    case 'user':
      return { role: 'user', content: userText(message) };
    case 'assistant':
      return {
        role: 'assistant',
        content: [message.content, ...(message.toolCalls ?? []).map(callText)].filter(Boolean).join('\n'),
      };
    case 'tool':
      return { role: 'user', content: `Result of the tool ${message.name}:\n${message.content}` };
  }
}

function callText({ name, arguments: callArguments }: ToolCallRequest): string {
  return `${OPEN}${JSON.stringify({ name, arguments: callArguments })}${CLOSE}`;
}

function withoutSystemRole(message: PlainMessage): PlainMessage {
  return message.role === 'system' ? { role: 'user', content: message.content } : message;
}

/** Many templates insist on roles that alternate. */
function joinNeighbours(messages: readonly PlainMessage[]): PlainMessage[] {
  const joined: PlainMessage[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last?.role === message.role) {
      joined[joined.length - 1] = { role: last.role, content: `${last.content}\n\n${message.content}` };
    } else joined.push(message);
  }
  return joined;
}
