import type { ChatMessage } from '@latchkey/engine';
import type { z } from 'zod';
import type { ChatRequest, IntegrationRequest, RequiredApproval } from '../../contracts/chat-request.ts';
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

/** All three notations → one. */
export function toIntegration(integration: z.output<typeof integrationSchema>): IntegrationRequest {
  if (typeof integration === 'string') return { type: 'plugin', id: integration };
  const { allowed_tools: allowedTools, require_approval: asked } = integration;
  const tools = { ...(allowedTools === undefined ? {} : { allowedTools }), ...toRequireApproval(asked) };
  if (integration.type === 'plugin') return { type: 'plugin', id: integration.id, ...tools };
  const { server_label: serverLabel, server_url: serverUrl, headers } = integration;
  return { type: 'ephemeral_mcp', serverLabel, serverUrl, ...tools, ...(headers === undefined ? {} : { headers }) };
}

function toRequireApproval(asked: 'always' | { readonly tools: readonly string[] } | undefined): {
  readonly requireApproval?: RequiredApproval;
} {
  if (asked === undefined) return {};
  return { requireApproval: asked === 'always' ? asked : asked.tools };
}
