import type { ChatDialect } from '../../contracts/chat-dialect.ts';
import { openaiErrors } from './errors.ts';
import { parseChatCompletion } from './parse.ts';

/** OpenAI's `/v1/chat/completions`. */
export const openaiDialect: ChatDialect = {
  ...openaiErrors,
  // A stream of this API shows nothing of a model's loading, so its beginning is worth less than the status of a refusal.
  patienceMilliseconds: 30_000,
  parse: parseChatCompletion,
};
