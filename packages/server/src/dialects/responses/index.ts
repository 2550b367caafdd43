import type { ChatDialect } from '../../contracts/chat-dialect.ts';
import { responsesErrors } from './errors.ts';
import { parseResponses } from './parse.ts';

/** OpenAI's `/v1/responses`. */
export const responsesDialect: ChatDialect = {
  ...responsesErrors,
  // A stream of this API does not show the loading of a model, so the status of a refusal is worth more than an early
  // start.
  patienceMilliseconds: 30_000,
  parse: parseResponses,
};
