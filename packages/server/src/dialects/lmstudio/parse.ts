import type { ChatMessage } from '@latchkey/engine';
import type { ParsedChat } from '../../contracts/chat-dialect.ts';
import { toIntegration, toToolSearch } from '../../wire/integrations.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { paramOf } from './errors.ts';
import { createAnswer } from './render.ts';
import { type ChatBody, chatSchema } from './schema.ts';

/** LM Studio's body → the neutral request. Throws ServerError with the parameter's name. */
export function parseChat(body: unknown): ParsedChat {
  const chat = validateBody(chatSchema, body);
  return {
    stream: chat.stream ?? false,
    ignored: [],
    paramOf,
    answer: createAnswer,
    request: {
      model: chat.model,
      messages: toMessages(chat),
      integrations: (chat.integrations ?? []).map(toIntegration),
      ...toToolSearch(chat),
      clientTools: [],
      toolChoice: 'auto',
      sampling: {
        ...(chat.temperature === undefined ? {} : { temperature: chat.temperature }),
        ...(chat.top_p === undefined ? {} : { topP: chat.top_p }),
        ...(chat.top_k === undefined ? {} : { topK: chat.top_k }),
        ...(chat.min_p === undefined ? {} : { minP: chat.min_p }),
        ...(chat.repeat_penalty === undefined ? {} : { repeatPenalty: chat.repeat_penalty }),
        ...(chat.presence_penalty === undefined ? {} : { presencePenalty: chat.presence_penalty }),
      },
      stop: [],
      store: chat.store ?? true,
      ...(chat.stream ? { isStreamed: true } : {}),
      ...(chat.max_output_tokens === undefined ? {} : { maxOutputTokens: chat.max_output_tokens }),
      ...(chat.context_length === undefined ? {} : { contextLength: chat.context_length }),
      ...(chat.reasoning === undefined ? {} : { reasoning: chat.reasoning }),
      ...(chat.previous_response_id === undefined ? {} : { previousResponseId: chat.previous_response_id }),
    },
  };
}

function toMessages(chat: ChatBody): ChatMessage[] {
  const system: ChatMessage[] =
    chat.system_prompt === undefined ? [] : [{ role: 'system', content: chat.system_prompt }];
  if (chat.input === undefined) return system;
  const blocks = typeof chat.input === 'string' ? [{ type: 'text' as const, content: chat.input }] : chat.input;
  const user: ChatMessage = {
    role: 'user',
    content: blocks.map((block) =>
      block.type === 'image' ? { type: 'image', ...block.data_url } : { type: 'text', text: block.content },
    ),
  };
  return [...system, user];
}
