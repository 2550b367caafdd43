import type { z } from 'zod';
import type { ChatMessage } from '../../contracts/chat-message.ts';
import type { ChatRequest, IntegrationRequest } from '../../contracts/chat-request.ts';
import { validateBody } from '../validate-body.ts';
import { type ChatBody, chatSchema, type integrationSchema } from './schema.ts';

/** LM Studio's body → the neutral request. Throws ServerError with the parameter's name. */
export function parseChat(body: unknown): { readonly request: ChatRequest; readonly stream: boolean } {
  const chat = validateBody(chatSchema, body);
  return {
    stream: chat.stream ?? false,
    request: {
      model: chat.model,
      messages: toMessages(chat),
      integrations: (chat.integrations ?? []).map(toIntegration),
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
      ...(chat.max_output_tokens === undefined ? {} : { maxOutputTokens: chat.max_output_tokens }),
      ...(chat.context_length === undefined ? {} : { contextLength: chat.context_length }),
      ...(chat.reasoning === undefined ? {} : { reasoning: chat.reasoning }),
      ...(chat.previous_response_id === undefined ? {} : { previousResponseId: chat.previous_response_id }),
    },
  };
}

function toMessages(chat: ChatBody): ChatMessage[] {
  const blocks = typeof chat.input === 'string' ? [{ type: 'text' as const, content: chat.input }] : chat.input;
  const user: ChatMessage = {
    role: 'user',
    content: blocks.map((block) =>
      block.type === 'image' ? { type: 'image', ...block.data_url } : { type: 'text', text: block.content },
    ),
  };
  return chat.system_prompt === undefined ? [user] : [{ role: 'system', content: chat.system_prompt }, user];
}

/** All three notations → one. The headers of a per-request server are dropped until such servers are allowed. */
export function toIntegration(integration: z.output<typeof integrationSchema>): IntegrationRequest {
  if (typeof integration === 'string') return { type: 'plugin', id: integration };
  if (integration.type === 'ephemeral_mcp') {
    return { type: 'ephemeral_mcp', serverLabel: integration.server_label, serverUrl: integration.server_url };
  }
  const { id, allowed_tools: allowedTools } = integration;
  return { type: 'plugin', id, ...(allowedTools === undefined ? {} : { allowedTools }) };
}
