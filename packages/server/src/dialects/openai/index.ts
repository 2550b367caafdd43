import type { ChatDialect } from '../../contracts/chat-dialect.ts';
import { openaiErrors } from './errors.ts';
import { parseChatCompletion } from './parse.ts';

/** OpenAI's `/v1/chat/completions`. */
export const openaiDialect: ChatDialect = {
  ...openaiErrors,
  // A stream of this API does not show the loading of a model, so the status of a refusal is worth more than an early
  // start.
  patienceMilliseconds: 30_000,
  parse: (body) => parseChatCompletion(body),
};
