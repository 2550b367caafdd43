import type { ChatService } from '../../chat/chat-service.ts';
import { collectChat } from '../../chat/collect.ts';
import type { ChatEvent } from '../../contracts/chat-event.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { paramOf } from '../../dialects/lmstudio/param-of.ts';
import { parseChat } from '../../dialects/lmstudio/parse.ts';
import { renderEvent, renderResult } from '../../dialects/lmstudio/render-chat.ts';
import { toChatCaller } from '../chat-caller.ts';
import { events, json } from '../reply.ts';
import { eventFrame } from '../sse.ts';
import type { Handler } from '../step.ts';
import { untilOver } from '../until-over.ts';

/** `POST /api/v1/chat`, LM Studio's. */
export const createChatHandler =
  (chat: ChatService): Handler =>
  async (context) => {
    const { request, stream } = parseChat(context.body);
    const asked = stream ? { ...request, isStreamed: true as const } : request;
    try {
      const said = untilOver(context, await chat(toChatCaller(context), asked, context.signal));
      return stream ? events(frames(said)) : json(renderResult(await collectChat(said)));
    } catch (error) {
      throw error instanceof ServerError ? error.named(paramOf) : error;
    }
  };

async function* frames(events: AsyncIterable<ChatEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const payloads = renderEvent(event);
    yield payloads.map((payload) => eventFrame(String(payload.type), payload)).join('');
  }
}
