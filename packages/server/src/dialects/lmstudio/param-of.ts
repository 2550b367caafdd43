import type { ChatField } from '../../contracts/server-error.ts';

/** What LM Studio calls the fields of a chat request that a caller can send. */
const PARAMS: Partial<Record<ChatField, string>> = {
  model: 'model',
  messages: 'input',
  reasoning: 'reasoning',
  contextLength: 'context_length',
  integrations: 'integrations',
  maxOutputTokens: 'max_output_tokens',
  previousResponseId: 'previous_response_id',
};

export const paramOf = (field: ChatField): string | undefined => PARAMS[field];
