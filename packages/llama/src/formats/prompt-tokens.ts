import type { ToolCallRequest, ToolDefinition } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import type { Conversation } from './chat-format.ts';
import type { PlainMessage } from './plain-message.ts';
import type { SpecialTexts } from './special-texts.ts';
import { TextChanges } from './text-changes.ts';

/** A conversation whose texts cannot become special tokens once its rendered prompt is cut at `mark`. */
export interface SafeConversation {
  readonly conversation: Conversation;
  readonly mark: string;
}

const PRIVATE_USE_START = 0xe000;
const PRIVATE_USE_END = 0xf8ff;
const PRIVATE_USE = /[\ue000-\uf8ff]/g;

/**
 * Keeps the texts of a conversation from becoming special tokens.
 *
 * In every text that does not come from the template (messages, tool definitions, calls, results), a mark is inserted
 * into each special text. The prompt is rendered as usual, then cut at the marks, and the pieces are tokenised one by
 * one: no piece of such a text contains a complete special text, while those of the template are complete. Tokenising
 * without special tokens is not sufficient: llama.cpp finds user-defined tokens like `<tool_call>` even then.
 *
 * A template that changes texts (their case, parts of them) may make a special text of one that was none. Where that may
 * be, the text is broken up at every sign.
 */
export function makeSafe(conversation: Conversation, template: string, specials: SpecialTexts): SafeConversation {
  const mark = unusedCharacter(template + JSON.stringify(conversation));
  const changes = new TextChanges(template);
  const safeText = (text: string): string =>
    changes.mayMakeSpecial(text, specials, mark) ? specials.breakEverywhere(text, mark) : specials.breakUp(text, mark);
  return {
    conversation: {
      ...conversation,
      messages: conversation.messages.map((message) => safeMessage(message, safeText)),
      tools: conversation.tools.map((tool) => safeTool(tool, safeText)),
    },
    mark,
  };
}

/** A character that the text does not use. Throws EngineError `UNSUPPORTED_INPUT` when it uses all of them. */
export function unusedCharacter(text: string): string {
  const used = new Set(text.match(PRIVATE_USE));
  for (let code = PRIVATE_USE_START; code <= PRIVATE_USE_END; code++) {
    const character = String.fromCharCode(code);
    if (!used.has(character)) return character;
  }
  throw new EngineError(
    'UNSUPPORTED_INPUT',
    'The conversation uses every private-use character of Unicode (U+E000 to U+F8FF). Leave one of them out.',
  );
}

function safeMessage(message: PlainMessage, safeText: (text: string) => string): PlainMessage {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: safeText(message.content) };
    case 'user':
      return {
        role: 'user',
        content: message.content.map((part) =>
          part.type === 'text' ? { type: 'text', text: safeText(part.text) } : part,
        ),
      };
    case 'tool':
      return {
        role: 'tool',
        toolCallId: safeText(message.toolCallId),
        name: safeText(message.name),
        content: safeText(message.content),
      };
    case 'assistant':
      return {
        role: 'assistant',
        content: safeText(message.content),
        ...(message.reasoning === undefined ? {} : { reasoning: safeText(message.reasoning) }),
        ...(message.toolCalls === undefined
          ? {}
          : { toolCalls: message.toolCalls.map((call) => safeCall(call, safeText)) }),
      };
  }
}

function safeCall(call: ToolCallRequest, safeText: (text: string) => string): ToolCallRequest {
  return { id: safeText(call.id), name: safeText(call.name), arguments: safeRecord(call.arguments, safeText) };
}

function safeTool(tool: ToolDefinition, safeText: (text: string) => string): ToolDefinition {
  return {
    name: safeText(tool.name),
    ...(tool.description === undefined ? {} : { description: safeText(tool.description) }),
    parameters: safeRecord(tool.parameters, safeText),
  };
}

function safeRecord(record: Record<string, unknown>, safeText: (text: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [safeText(key), safeValue(value, safeText)]));
}

function safeValue(value: unknown, safeText: (text: string) => string): unknown {
  if (typeof value === 'string') return safeText(value);
  if (Array.isArray(value)) return value.map((item) => safeValue(item, safeText));
  if (typeof value === 'object' && value !== null) return safeRecord(value as Record<string, unknown>, safeText);
  return value;
}
