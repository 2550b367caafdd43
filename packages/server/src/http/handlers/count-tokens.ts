import type { PromptCounter } from '../../chat/count-prompt.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { parseCount } from '../../dialects/anthropic/parse.ts';
import { toChatCaller } from '../chat-caller.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

/** `POST /v1/messages/count_tokens` of Anthropic's API. */
export const createCountTokensHandler =
  (countPrompt: PromptCounter): Handler =>
  async (context) => {
    const { request, ignored, paramOf } = parseCount(context.body);
    if (ignored.length > 0) context.replyHeaders['Latchkey-Ignored'] = ignored.join(', ');
    try {
      return json({ input_tokens: await countPrompt(toChatCaller(context), request, context.signal) });
    } catch (error) {
      throw error instanceof ServerError ? error.named(paramOf) : error;
    }
  };
