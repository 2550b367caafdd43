import type { ChatMessage, ToolCallRequest } from '../../../contracts/chat-message.ts';
import type { ToolDefinition } from '../../../contracts/inference-engine.ts';
import type { Conversation } from './chat-format.ts';
import type { SpecialTexts } from './special-texts.ts';

/** A model's tokenizer. */
export interface PromptTokenizer {
  /**
   * The tokens of `text`, where the text of a special token is that token. `continues`: text came before, so no space
   * is put in front where a vocabulary would do that.
   */
  tokenize(text: string, continues: boolean): number[];
}

/** A conversation whose texts can't become special tokens, and the way from its rendered prompt to tokens. */
export interface SafeConversation {
  readonly conversation: Conversation;
  tokenize(rendered: string): number[];
}

const PRIVATE_USE_START = 0xe000;
const PRIVATE_USE_END = 0xf8ff;

/**
 * Keeps the texts of a conversation from becoming special tokens.
 *
 * Every text that the template does not own (messages, tool definitions, calls, results) gets a mark into each special
 * text in it. The prompt is rendered as usual, then cut at the marks, and the pieces are tokenised one by one: no piece
 * of such a text holds a whole special text any more, while the template's own are whole. Tokenising without special
 * tokens would not do: llama.cpp finds user-defined tokens like `<tool_call>` even then.
 */
export function makeSafe(
  conversation: Conversation,
  template: string,
  specials: SpecialTexts,
  tokenizer: PromptTokenizer,
): SafeConversation {
  const mark = unusedCharacter(template + JSON.stringify(conversation));
  const safeText = (text: string): string => specials.breakUp(text, mark);
  return {
    conversation: {
      ...conversation,
      messages: conversation.messages.map((message) => safeMessage(message, safeText)),
      tools: conversation.tools.map((tool) => safeTool(tool, safeText)),
    },
    tokenize(rendered) {
      return rendered.split(mark).flatMap((piece, index) => (piece === '' ? [] : tokenizer.tokenize(piece, index > 0)));
    },
  };
}

function unusedCharacter(text: string): string {
  for (let code = PRIVATE_USE_START; code <= PRIVATE_USE_END; code++) {
    const character = String.fromCharCode(code);
    if (!text.includes(character)) return character;
  }
  throw new RangeError('The conversation uses every private-use character; none is left to mark special texts with.');
}

function safeMessage(message: ChatMessage, safeText: (text: string) => string): ChatMessage {
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
