import type { ToolDefinition } from '@latchkey/engine';
import type { ChatEvent, ListedTools } from '../contracts/chat-event.ts';
import type { ChatRequest } from '../contracts/chat-request.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatToolset } from '../contracts/toolset.ts';
import { unexpected } from '../contracts/unexpected.ts';
import type { Logger } from '../telemetry/logger.ts';
import { scopeOf, shareOf, turnsOf } from './caller-scope.ts';
import { ChatModel } from './chat-model.ts';
import { type ChatTurn, createTurnRecord } from './chat-turn.ts';
import { ChatUse } from './chat-use.ts';
import { unansweredOf } from './conversation.ts';
import { generateWithinBudget } from './generate-within-budget.ts';
import { keepTurn } from './keep-turn.ts';
import { openStream } from './open-stream.ts';
import { type ChatCaller, type ChatServiceOptions, type PreparedChat, prepareChat } from './prepare-chat.ts';
import { runChat } from './run-chat.ts';
import { payForCalls } from './spend.ts';
import { createTurnLives, type TurnLives } from './turn-lives.ts';
import { toStats } from './usage.ts';

const SILENCE_MILLISECONDS = 6000;
/** A client that receives nothing for longer may assume that the server is dead. */
const PATIENCE_MILLISECONDS = 5000;

/**
 * Opens a chat. Everything that can be refused is refused before a byte is sent, up to the point where the engine takes
 * the prompt. Returns the stream of events from `chat.start` to `chat.end`; a later failure is an `error` event in the
 * stream, never a throw.
 */
export type ChatService = (
  caller: ChatCaller,
  request: ChatRequest,
  signal: AbortSignal,
  patienceMilliseconds?: number,
) => Promise<AsyncGenerator<ChatEvent>>;

export function createChatService(options: ChatServiceOptions): ChatService {
  const usual = options.patienceMilliseconds ?? PATIENCE_MILLISECONDS;
  const lives = createTurnLives(options.conversations, options.silenceMilliseconds ?? SILENCE_MILLISECONDS);
  return async (caller, asked, signal, patienceMilliseconds = usual) => {
    const over = Promise.withResolvers<void>();
    caller.goesOnUntil?.(over.promise);
    try {
      const opened = await prepareChat(options, caller, asked, signal, lives);
      const begin = (reading: AbortSignal) =>
        untilOver(streamChat(options, { ...opened, lives }, reading), over.resolve);
      return await openStream(begin, patienceMilliseconds, signal);
    } catch (error) {
      over.resolve();
      throw error;
    }
  };
}

/** The events; calls `over` when their source has ended, by itself or because its reader has left. */
async function* untilOver<T>(events: AsyncIterable<T>, over: () => void): AsyncGenerator<T> {
  try {
    yield* events;
  } finally {
    over();
  }
}

async function* streamChat(
  options: ChatServiceOptions,
  chat: PreparedChat & { readonly lives: TurnLives },
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const key = chat.model.key;
  const record = createTurnRecord();
  await using _toolset = chat.toolset;
  const chatModel = new ChatModel(options.pool, chat.model, chat.request);
  const price = options.prices?.ofModel(key);
  const use = new ChatUse(chat.caller.principal, key, options.recordUsage, price);
  const paid = payForCalls(chat.toolset, {
    prices: options.prices,
    money: chat.caller.money,
    onPaid: (cost) => use.addCost(cost),
  });
  const keep = chat.request.store
    ? keepTurn({
        ...options,
        responseId: options.createResponseId(),
        createdAt: options.clock().toISOString(),
        principal: chat.caller.principal,
        model: key,
        parentId: chat.request.previousResponseId,
        messages: chat.request.messages,
        record,
      })
    : undefined;
  let isOver = false;
  yield { type: 'chat.start', model: key, ...(keep && { responseId: keep.responseId }) };
  const tools = chat.request.listsTools ? listTools(chat.toolset) : undefined;
  if (tools !== undefined) yield { type: 'tools.listed', tools };
  try {
    signal.throwIfAborted();
    const turn: ChatTurn = {
      request: { ...chat.request, sampling: { ...options.samplingOf(key), ...chat.request.sampling } },
      messages: chat.messages,
      toolset: paid,
      limits: chat.limits,
      cacheScope: scopeOf(chat.caller.principal),
      share: shareOf(chat.caller.principal),
      generate: (request, abort, keepsRoom = false) =>
        generateWithinBudget(chatModel, chat.caller, request, abort, {
          note: (round) => use.add(round),
          price,
          keepsRoom,
        }),
      createCallId: options.createCallId,
      unanswered: unansweredOf(chat.history.messages, chat.request),
      ...(chat.history.waiting && { waiting: chat.history.waiting }),
      ...(chat.history.begun !== undefined && { begun: chat.history.begun }),
      begin: async () => {
        use.begin();
        await keep?.progress();
      },
      ...(keep && { keep }),
      ...(chat.caller.ended && { ended: chat.caller.ended }),
      outlive: chat.hold,
      countCall: () => use.addCall(),
      lives: {
        ...(keep && { begin: () => chat.lives.begin(keep.responseId) }),
        answerOf: (responseId, callId, abort) =>
          chat.lives.answerOf(responseId, callId, turnsOf(chat.caller.principal), abort),
      },
    };
    yield* runChat(turn, record, signal);
    signal.throwIfAborted();
    await keep?.complete();
    isOver = true;
  } catch (error) {
    isOver = true;
    await keep?.breakOff(signal.aborted ? 'incomplete' : 'failed');
    // A caller that has left reads no error; a caller that is disconnected by the server must not mistake a part for
    // the whole.
    const cause: unknown = signal.aborted ? signal.reason : error;
    if (!signal.aborted || cause instanceof ServerError) {
      yield { type: 'error', error: toServerError(cause, options.logger) };
    }
  } finally {
    // The reader has left between two events.
    if (!isOver) await keep?.breakOff('incomplete');
  }
  yield {
    type: 'chat.end',
    result: {
      model: key,
      output: record.output,
      stats: toStats(record.usage, chatModel.loadTimeSeconds),
      finishReason: record.finishReason,
      ...(record.stopString === undefined ? {} : { stopString: record.stopString }),
      ...(keep?.isKept() && { responseId: keep.responseId }),
      ...(tools === undefined ? {} : { tools }),
    },
  };
}

/** The tools of a request, by server, in the order in which the model has them. */
function listTools({ definitions, listed: all = definitions, describe }: ChatToolset): readonly ListedTools[] {
  const listed = new Map<string, ListedTools & { readonly tools: ToolDefinition[] }>();
  for (const { name, ...definition } of all) {
    const described = describe(name);
    if (described === undefined) continue;
    const { origin, tool } = described;
    const key = JSON.stringify(origin);
    const ofServer = listed.get(key) ?? { origin, tools: [] };
    ofServer.tools.push({ name: tool, ...definition });
    listed.set(key, ofServer);
  }
  return [...listed.values()];
}

function toServerError(error: unknown, logger: Logger): ServerError {
  if (error instanceof ServerError) return error;
  logger.error({ err: error }, 'a chat failed');
  return unexpected(error);
}
