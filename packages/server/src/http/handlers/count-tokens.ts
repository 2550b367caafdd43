import type { PromptCounter } from '../../chat/count-prompt.ts';
import type { CallerSeal, ParsedChat } from '../../contracts/chat-dialect.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { SealFor } from '../caller-seal.ts';
import { toChatCaller } from '../chat-caller.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

/** How an API asks for the tokens of a prompt, and how it gets their number. */
export interface CountDialect {
  readonly parse: (body: unknown, seal: CallerSeal) => Pick<ParsedChat, 'request' | 'ignored' | 'paramOf'>;
  readonly render: (tokens: number) => object;
}

/** Counts the tokens of a prompt in any API. */
export const createCountTokensHandler =
  (countPrompt: PromptCounter, sealFor: SealFor, { parse, render }: CountDialect): Handler =>
  async (context) => {
    const { request, ignored, paramOf } = parse(context.body, sealFor(context.auth.principal));
    if (ignored.length > 0) context.replyHeaders['Latchkey-Ignored'] = ignored.join(', ');
    try {
      return json(render(await countPrompt(toChatCaller(context), request, context.signal)));
    } catch (error) {
      throw error instanceof ServerError ? error.named(paramOf) : error;
    }
  };
