import type { AssistantPart, ChatMessage, InputPart, ToolCallRequest } from '@latchkey/engine';
import { readArguments } from '../../wire/call-arguments.ts';
import { type IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { readImages } from './read-images.ts';
import type { OllamaMessage } from './schema.ts';

const KNOWN = keys('role', 'content', 'thinking', 'images', 'tool_calls', 'tool_name', 'tool_call_id', 'name');

interface OpenCall {
  readonly id: string;
  readonly name: string;
}

/**
 * Ollama's messages → neutral ones. Most of its clients send no ids of calls: a result belongs to the first call of its
 * tool that has none yet. Throws ServerError with the path.
 */
export function readMessages(messages: readonly OllamaMessage[], ignored: IgnoredKeys): ChatMessage[] {
  const counted = { values: 0 };
  let open: readonly OpenCall[] = [];
  return messages.map((message, index): ChatMessage => {
    const param = `messages[${index}]`;
    ignored.note('messages[]', message, KNOWN);
    const text = message.content ?? '';
    switch (message.role) {
      case 'system':
        return { role: 'system', content: text };
      case 'user':
        return { role: 'user', content: toInput(text, message.images, param) };
      case 'assistant': {
        const calls = toCalls(message, index, counted);
        open = calls;
        const content: AssistantPart[] = [
          ...(message.thinking ? [{ type: 'reasoning' as const, text: message.thinking }] : []),
          ...(text === '' ? [] : [{ type: 'text' as const, text }]),
          ...calls.map((call) => ({ type: 'tool_call' as const, ...call })),
        ];
        return { role: 'assistant', content };
      }
      default: {
        const name = message.tool_name || message.name || 'unknown';
        const call =
          open.find(({ id }) => id === message.tool_call_id) ?? open.find((one) => one.name === name) ?? open[0];
        open = open.filter((one) => one !== call);
        const { id, name: called } = call ?? { id: message.tool_call_id || `call_${index}`, name };
        return { role: 'tool', toolCallId: id, name: called, content: [{ type: 'text', text }] };
      }
    }
  });
}

/** A text and its images, which a model reads before the text. */
export const toInput = (text: string, images: OllamaMessage['images'], param: string): readonly InputPart[] => [
  ...readImages(images, `${param === '' ? '' : `${param}.`}images`),
  { type: 'text', text },
];

const toCalls = ({ tool_calls: calls }: OllamaMessage, index: number, counted: { values: number }): ToolCallRequest[] =>
  (calls ?? []).map(({ id, function: { name, arguments: args } }, position) => ({
    id: id || `call_${index}_${position}`,
    name: name || 'unknown',
    arguments: readArguments(args, `messages[${index}].tool_calls[${position}].function.arguments`, counted),
  }));
