import type { DecideService } from '../../chat/decide-service.ts';
import type { DecisionsDialect } from '../../contracts/decisions.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { toChatCaller } from '../chat-caller.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

/** Answers questions with probabilities in any API. */
export const createDecisionsHandler =
  (decide: DecideService, dialect: DecisionsDialect): Handler =>
  async (context) => {
    const { request, ignored, paramOf, render } = dialect.parse(context.body);
    if (ignored.length > 0) context.replyHeaders['Latchkey-Ignored'] = ignored.join(', ');
    try {
      return json(render(await decide(toChatCaller(context), request, context.signal)));
    } catch (error) {
      throw error instanceof ServerError ? error.named(paramOf) : error;
    }
  };
