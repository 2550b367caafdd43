import type { ChatMessage, ToolCallRequest } from '../../contracts/chat-message.ts';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import type { ReasoningEffort, Sampling, ToolChoice } from '../../contracts/inference-engine.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { toIntegration } from '../lmstudio/parse.ts';
import { validateBody } from '../validate-body.ts';
import { type ChatCompletionBody, chatCompletionSchema } from './schema.ts';

/** A parsed `POST /v1/chat/completions`. */
export interface ParsedCompletion {
  readonly request: ChatRequest;
  readonly stream: boolean;
  /** The stream ends with a chunk that counts the tokens. */
  readonly includeUsage: boolean;
}

/** OpenAI's body → the neutral request. Throws ServerError with the parameter's name. */
export function parseChatCompletion(body: unknown): ParsedCompletion {
  const chat = validateBody(chatCompletionSchema, body);
  const maxOutputTokens = chat.max_completion_tokens ?? chat.max_tokens;
  const responseSchema = toResponseSchema(chat);
  const { reasoning_effort: effort } = chat;
  return {
    stream: chat.stream ?? false,
    includeUsage: chat.stream_options?.include_usage ?? false,
    request: {
      model: chat.model,
      messages: toMessages(chat.messages),
      integrations: (chat.integrations ?? []).map(toIntegration),
      clientTools: (chat.tools ?? []).map(({ function: tool }) => ({
        name: tool.name,
        parameters: tool.parameters ?? { type: 'object', properties: {} },
        ...(tool.description === undefined ? {} : { description: tool.description }),
      })),
      toolChoice: toToolChoice(chat),
      sampling: toSampling(chat),
      stop: typeof chat.stop === 'string' ? [chat.stop] : (chat.stop ?? []),
      store: false,
      ...(maxOutputTokens == null ? {} : { maxOutputTokens }),
      ...(effort == null ? {} : { reasoning: REASONING[effort] }),
      ...(responseSchema === undefined ? {} : { responseSchema }),
    },
  };
}

const REASONING: Record<NonNullable<ChatCompletionBody['reasoning_effort']>, ReasoningEffort> = {
  none: 'off',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
};

function toSampling(chat: ChatCompletionBody): Sampling {
  return {
    ...(chat.temperature == null ? {} : { temperature: chat.temperature }),
    ...(chat.top_p == null ? {} : { topP: chat.top_p }),
    ...(chat.top_k == null ? {} : { topK: chat.top_k }),
    ...(chat.min_p == null ? {} : { minP: chat.min_p }),
    ...(chat.repeat_penalty == null ? {} : { repeatPenalty: chat.repeat_penalty }),
    ...(chat.presence_penalty == null ? {} : { presencePenalty: chat.presence_penalty }),
    ...(chat.frequency_penalty == null ? {} : { frequencyPenalty: chat.frequency_penalty }),
    ...(chat.seed == null ? {} : { seed: chat.seed }),
  };
}

function toToolChoice(chat: ChatCompletionBody): ToolChoice {
  const choice = chat.tool_choice ?? 'auto';
  if (typeof choice === 'string') return choice;
  const { name } = choice.function;
  if (!(chat.tools ?? []).some((tool) => tool.function.name === name)) {
    throw new ServerError('INVALID_REQUEST', "'tool_choice' names a tool that is not among 'tools'.", {
      param: 'tool_choice',
    });
  }
  return { name };
}

function toResponseSchema(chat: ChatCompletionBody): Record<string, unknown> | undefined {
  const format = chat.response_format;
  if (format?.type === 'json_schema') return format.json_schema.schema;
  return format?.type === 'json_object' ? { type: 'object' } : undefined;
}

type Message = ChatCompletionBody['messages'][number];

/** Tool messages name only the call; the name of the tool is looked up in the calls before them. */
function toMessages(messages: readonly Message[]): ChatMessage[] {
  const toolNames = new Map<string, string>();
  return messages.map((message, index) => toMessage(message, `messages[${index}]`, toolNames));
}

function toMessage(message: Message, param: string, toolNames: Map<string, string>): ChatMessage {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', content: toText(message.content) };
    case 'user':
      return { role: 'user', content: toParts(message.content) };
    case 'assistant': {
      const toolCalls = (message.tool_calls ?? []).map(({ id, function: called }, position): ToolCallRequest => {
        toolNames.set(id, called.name);
        return {
          id,
          name: called.name,
          arguments: parseArguments(called.arguments, `${param}.tool_calls[${position}]`),
        };
      });
      return {
        role: 'assistant',
        content: message.content == null ? '' : toText(message.content),
        ...(message.reasoning_content == null ? {} : { reasoning: message.reasoning_content }),
        ...(toolCalls.length === 0 ? {} : { toolCalls }),
      };
    }
    case 'tool': {
      const name = toolNames.get(message.tool_call_id);
      if (name === undefined) {
        throw new ServerError('INVALID_REQUEST', 'A tool message answers a call that no message before it made.', {
          param: `${param}.tool_call_id`,
        });
      }
      return { role: 'tool', toolCallId: message.tool_call_id, name, content: toText(message.content) };
    }
  }
}

type UserContent = Extract<Message, { role: 'user' }>['content'];

function toParts(content: UserContent): Extract<ChatMessage, { role: 'user' }>['content'] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content.map((part) =>
    part.type === 'text' ? { type: 'text', text: part.text } : { type: 'image', ...part.image_url.url },
  );
}

const toText = (content: string | readonly { readonly text: string }[]): string =>
  typeof content === 'string' ? content : content.map((part) => part.text).join('');

function parseArguments(text: string, param: string): Record<string, unknown> {
  try {
    const parsed: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Said below, with the parameter's name.
  }
  throw new ServerError('INVALID_REQUEST', 'The arguments of a tool call must be the JSON text of an object.', {
    param: `${param}.function.arguments`,
  });
}
