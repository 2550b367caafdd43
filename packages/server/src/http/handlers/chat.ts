import { collectChat } from '../../chat/collect.ts';
import type { ChatAnswer, ChatDialect, WireEvent } from '../../contracts/chat-dialect.ts';
import type { ChatEvent, ChatResult } from '../../contracts/chat-event.ts';
import type { ConversationStore } from '../../contracts/conversation-store.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { BackgroundRuns } from '../background-runs.ts';
import type { SealFor } from '../caller-seal.ts';
import { toChatCaller } from '../chat-caller.ts';
import { framingOf } from '../framing.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';
import { answerChoices, type ChoicesOptions } from './answer-choices.ts';

export interface ChatHandlerOptions extends ChoicesOptions {
  readonly sealFor: SealFor;
  /** The answers that go on without their callers. */
  readonly runs: Pick<BackgroundRuns, 'begin'>;
  /** Keeps the rendered answer of a stored turn; absent where the store does not. */
  readonly keepAnswer?: NonNullable<ConversationStore['keepAnswer']> | undefined;
}

/** Handles a chat in any API: the dialect parses the request and renders the answer. */
export const createChatHandler =
  ({ chat, createId, clock, sealFor, keepAnswer, runs }: ChatHandlerOptions, dialect: ChatDialect): Handler =>
  async (context) => {
    const parsed = dialect.parse(context.body, sealFor(context.auth.principal));
    if (parsed.choices !== undefined) {
      const choices = { ...parsed, ...parsed.choices };
      return answerChoices({ chat, createId, clock }, context, choices, dialect.patienceMilliseconds);
    }
    const { request, stream, inBackground = false, ignored, paramOf, answer } = parsed;
    if (ignored.length > 0) context.replyHeaders['Latchkey-Ignored'] = ignored.join(', ');
    const answering = answer({ id: createId(), createdAt: clock() });
    const keep = async ({ responseId }: ChatResult): Promise<void> => {
      const response = answering.renderKept?.();
      if (responseId === undefined || response === undefined) return;
      const kept = JSON.stringify({ response, inputs: request.messages.length });
      // Without it, the answer is read from its messages.
      await keepAnswer?.(responseId, context.auth.principal.rootId, kept).catch((error: unknown) =>
        context.logger.warn({ err: error }, 'an answer could not be kept as it was given'),
      );
    };
    const framing = framingOf(dialect);
    try {
      if (inBackground) {
        const open = (signal: AbortSignal) => chat(toChatCaller(context), request, signal, 0);
        const run = await runs.begin(context, { open, answering, keep });
        return stream ? framing.reply(run.follow(context.signal, framing.toFrame)) : json(run.current());
      }
      const signal = context.cancelled === undefined ? context.signal : untilCancelled(context, answering);
      const said = await chat(toChatCaller(context), request, signal, dialect.patienceMilliseconds);
      if (stream) return framing.reply(frames(said, answering, keep, framing.toFrame));
      const result = await collectChat(said);
      const rendered = answering.renderResult(result);
      await keep(result);
      return json(rendered);
    } catch (error) {
      throw error instanceof ServerError ? error.named(paramOf) : error;
    }
  };

/** The end of a chat whose caller may cancel it: the answer then says so. */
function untilCancelled({ signal, cancelled = signal }: RequestContext, answering: ChatAnswer): AbortSignal {
  cancelled.addEventListener('abort', () => answering.cancel?.(), { once: true });
  return AbortSignal.any([signal, cancelled]);
}

async function* frames(
  said: AsyncIterable<ChatEvent>,
  answering: ChatAnswer,
  keep: (result: ChatResult) => Promise<void>,
  toFrame: (event: WireEvent) => string,
): AsyncGenerator<string> {
  for await (const event of said) {
    const text = answering.renderEvent(event).map(toFrame).join('');
    if (event.type === 'chat.end') await keep(event.result);
    if (text !== '') yield text;
  }
}
