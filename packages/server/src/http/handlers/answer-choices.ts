import type { ChatService } from '../../chat/chat-service.ts';
import type { ChatEvent, ChatResult } from '../../contracts/chat-event.ts';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import type { ChoicesAnswer, ParsedChoices } from '../../contracts/choices.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { toChatCaller } from '../chat-caller.ts';
import { events, json, type Reply } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import { toFrame } from '../sse.ts';

export interface ChoicesOptions {
  readonly chat: ChatService;
  /** Creates the id of an answer, in hexadecimal digits. */
  readonly createId: () => string;
  readonly clock: () => Date;
}

/**
 * Answers a request with one choice after the other; each is a chat of its own, decided and paid for like any other.
 *
 * @param patienceMilliseconds how long the answer waits for a model before it begins; the server's default if absent
 */
export async function answerChoices(
  { chat, createId, clock }: ChoicesOptions,
  context: RequestContext,
  { requests, stream, ignored, paramOf, answer }: ParsedChoices,
  patienceMilliseconds?: number,
): Promise<Reply> {
  if (ignored.length > 0) context.replyHeaders['Latchkey-Ignored'] = ignored.join(', ');
  const answering = answer({ id: createId(), createdAt: clock() });
  const open = (request: ChatRequest) => chat(toChatCaller(context), request, context.signal, patienceMilliseconds);
  try {
    const [first, ...others] = requests;
    if (first === undefined) throw new TypeError('an answer has a choice');
    const said = inTurn(await open(first), others, open);
    if (stream) return events(frames(said, answering));
    return json(answering.renderResults(await collect(said)));
  } catch (error) {
    throw error instanceof ServerError ? error.named(paramOf) : error;
  }
}

/** An event of one of several chats. */
interface IndexedEvent {
  readonly index: number;
  readonly event: ChatEvent;
}

/** The events of all chats: each is opened when the one before it has ended. Nothing follows an error. */
async function* inTurn(
  first: AsyncGenerator<ChatEvent>,
  others: readonly ChatRequest[],
  open: (request: ChatRequest) => Promise<AsyncGenerator<ChatEvent>>,
): AsyncGenerator<IndexedEvent> {
  let failed = false;
  for (let index = 0; index <= others.length && !failed; index += 1) {
    const next = others[index - 1];
    for await (const event of next === undefined ? first : orError(() => open(next))) {
      yield { index, event };
      failed ||= event.type === 'error';
    }
  }
}

/** A refusal of a later chat is an event, since the answer has begun. */
async function* orError(open: () => Promise<AsyncGenerator<ChatEvent>>): AsyncGenerator<ChatEvent> {
  try {
    yield* await open();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    yield { type: 'error', error };
  }
}

async function collect(said: AsyncIterable<IndexedEvent>): Promise<readonly ChatResult[]> {
  const results: ChatResult[] = [];
  for await (const { event } of said) {
    if (event.type === 'error') throw event.error;
    if (event.type === 'chat.end') results.push(event.result);
  }
  return results;
}

async function* frames(said: AsyncIterable<IndexedEvent>, answering: ChoicesAnswer): AsyncGenerator<string> {
  const toText = (data: readonly string[]): string => data.map((one) => toFrame({ data: one })).join('');
  for await (const { index, event } of said) {
    const text = toText(answering.renderEvent(index, event));
    if (text !== '') yield text;
  }
  yield toText(answering.renderEnd());
}
