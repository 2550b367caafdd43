import type { ChatService } from '../../chat/chat-service.ts';
import { collectChat } from '../../chat/collect.ts';
import type { ChatEvent } from '../../contracts/chat-event.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { parseChatCompletion } from '../../dialects/openai/parse.ts';
import { ChunkRenderer, type CompletionIdentity, renderCompletion } from '../../dialects/openai/render-chat.ts';
import { toChatCaller } from '../chat-caller.ts';
import { events, json } from '../reply.ts';
import { dataFrame } from '../sse.ts';
import type { Handler } from '../step.ts';

/** A stream of this API shows nothing of a model's loading, so its beginning is worth less than the status of a refusal. */
const PATIENCE_MILLISECONDS = 30_000;

export interface ChatCompletionsOptions {
  readonly chat: ChatService;
  readonly createId: () => string;
  readonly clock: () => Date;
}

/** `POST /v1/chat/completions`, OpenAI's. */
export const createChatCompletionsHandler =
  ({ chat, createId, clock }: ChatCompletionsOptions): Handler =>
  async (context) => {
    const { request, stream, includeUsage, ignored, paramOf } = parseChatCompletion(context.body);
    if (ignored.length > 0) context.replyHeaders['Latchkey-Ignored'] = ignored.join(', ');
    const identity: CompletionIdentity = {
      id: `chatcmpl-${createId()}`,
      created: Math.floor(clock().getTime() / 1000),
      model: request.model,
    };
    try {
      const said = await chat(toChatCaller(context), request, context.signal, PATIENCE_MILLISECONDS);
      if (!stream) return json(renderCompletion(identity, await collectChat(said)));
      return events(frames(said, new ChunkRenderer(identity, includeUsage, paramOf)));
    } catch (error) {
      throw error instanceof ServerError ? error.named(paramOf) : error;
    }
  };

async function* frames(events: AsyncIterable<ChatEvent>, renderer: ChunkRenderer): AsyncGenerator<string> {
  for await (const event of events) {
    for (const chunk of renderer.render(event)) yield dataFrame(chunk);
  }
  yield 'data: [DONE]\n\n';
}
