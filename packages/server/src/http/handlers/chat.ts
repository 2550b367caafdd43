import type { ChatService } from '../../chat/chat-service.ts';
import { collectChat } from '../../chat/collect.ts';
import type { ChatAnswer, ChatDialect } from '../../contracts/chat-dialect.ts';
import type { ChatEvent } from '../../contracts/chat-event.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { toChatCaller } from '../chat-caller.ts';
import { events, json } from '../reply.ts';
import { toFrame } from '../sse.ts';
import type { Handler } from '../step.ts';
import { untilOver } from '../until-over.ts';

export interface ChatHandlerOptions {
  readonly chat: ChatService;
  /** Creates the id of an answer, in hexadecimal digits. */
  readonly createId: () => string;
  readonly clock: () => Date;
}

/** Handles a chat in any API: the dialect parses the request and renders the answer. */
export const createChatHandler =
  ({ chat, createId, clock }: ChatHandlerOptions, dialect: ChatDialect): Handler =>
  async (context) => {
    const { request, stream, ignored, paramOf, answer } = dialect.parse(context.body);
    if (ignored.length > 0) context.replyHeaders['Latchkey-Ignored'] = ignored.join(', ');
    const answering = answer({ id: createId(), createdAt: clock() });
    try {
      const opened = await chat(toChatCaller(context), request, context.signal, dialect.patienceMilliseconds);
      const said = untilOver(context, opened);
      if (!stream) return json(answering.renderResult(await collectChat(said)));
      return events(frames(said, answering), dialect.heartbeat && toFrame(dialect.heartbeat));
    } catch (error) {
      throw error instanceof ServerError ? error.named(paramOf) : error;
    }
  };

async function* frames(said: AsyncIterable<ChatEvent>, answering: ChatAnswer): AsyncGenerator<string> {
  for await (const event of said) {
    const text = answering.renderEvent(event).map(toFrame).join('');
    if (text !== '') yield text;
  }
}
