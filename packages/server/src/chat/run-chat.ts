import type {
  ChatMessage,
  FinishReason,
  GenerateRequest,
  QueueShare,
  ToolCallRequest,
  ToolChoice,
} from '@latchkey/engine';
import type { ChatEvent, OutputItem } from '../contracts/chat-event.ts';
import type { ChatRequest } from '../contracts/chat-request.ts';
import type { WaitingToolCall } from '../contracts/conversation-store.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatToolset } from '../contracts/toolset.ts';
import type { ModelLoadEvent } from './chat-model.ts';
import { answersInPlace } from './conversation.ts';
import { executeCall, refuseBeyondLimit } from './execute-call.ts';
import { fitAnswers, halveAnswers } from './fit-answers.ts';
import type { RoundEvent } from './generate-within-budget.ts';
import type { ChatLimits } from './limits.ts';
import { addUsage, emptyUsage, type UsageTotals } from './usage.ts';

/** Everything that the loop needs; it knows no HTTP, no tokens, no engine of a certain make. */
export interface ChatTurn {
  readonly request: ChatRequest;
  /** History and the request's own messages. */
  readonly messages: readonly ChatMessage[];
  readonly toolset: ChatToolset;
  readonly limits: ChatLimits;
  readonly cacheScope: string;
  readonly share: QueueShare;
  /** Runs one round on the model, which is loaded first if it has to be. */
  readonly generate: (request: GenerateRequest, signal: AbortSignal) => AsyncIterable<RoundEvent>;
  readonly createCallId: () => string;
  /** Calls at the end of the history that nothing has answered: they come first. */
  readonly unanswered: readonly ToolCallRequest[];
  /** The one of them that has waited for a person already. */
  readonly waiting?: WaitingToolCall;
  /** The one that was about to be made when the turn before was broken off: it is not made again. */
  readonly begun?: string;
  /** Called once, when there is something to keep: the engine has taken the prompt, or a call comes first. */
  readonly begin?: () => Promise<void>;
  /** Absent: nobody can go on from this turn. */
  readonly keep?: TurnKeeper;
  /** Fires when the caller's token has ended or the server stops, and not when it leaves. */
  readonly ended?: AbortSignal;
  /** Told that a person has agreed to a call: from then on the turn is carried on without its caller until that has ended. */
  readonly outlive?: () => void;
}

/** Keeps what a turn has come to, so that its caller may leave and come back. */
export interface TurnKeeper {
  readonly responseId: string;
  /** @param open the call that it has come to: it waits for a person, or is about to be made */
  readonly progress: (open?: { readonly waiting?: WaitingToolCall; readonly begun?: string }) => Promise<void>;
}

/** What a finished or broken turn leaves behind; it is filled while the turn runs. */
export interface TurnRecord {
  readonly output: OutputItem[];
  /** What the conversation gained: the assistant's messages and the tools' answers. */
  readonly added: ChatMessage[];
  readonly usage: UsageTotals;
  finishReason: FinishReason;
  /** Which stop string ended the last round, when one did. */
  stopString: string | undefined;
  /** As many characters of each answer of a tool fit into the context; undefined while nothing was too long. */
  answerCharacters: number | undefined;
}

export const createTurnRecord = (): TurnRecord => ({
  output: [],
  added: [],
  usage: emptyUsage(),
  finishReason: 'stop',
  stopString: undefined,
  answerCharacters: undefined,
});

/** How often in a row a model may try to write a call again that could not be read: its caller pays for each. */
const MOST_UNREAD_ROUNDS = 1;

/**
 * The loop: a round is one generation and the calls that it asked for; rounds follow until the model answers without
 * calling, a call belongs to the caller, or a limit is reached, in which case a last round without tools lets the
 * model conclude. Bounded by rounds, calls and `signal`. What the history left unanswered is called before the first.
 */
export async function* runChat(turn: ChatTurn, record: TurnRecord, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const clientToolNames = new Set(turn.request.clientTools.map((tool) => tool.name));
  const clientCallIds: string[] = [];
  let callsLeft = turn.limits.toolCalls;
  let unreadRounds = 0;

  async function* execute(calls: readonly ToolCallRequest[]): AsyncGenerator<ChatEvent> {
    for (const call of calls) {
      if (signal.aborted) return;
      callsLeft -= 1;
      if (callsLeft < 0) yield* refuseBeyondLimit(turn.toolset, call, record, turn.limits.toolCalls);
      else yield* executeCall(turn, call, record, signal);
    }
  }

  let hasBegun = false;
  const begin = async (): Promise<void> => {
    if (!hasBegun) await turn.begin?.();
    hasBegun = true;
  };
  if (turn.unanswered.length > 0 && !signal.aborted) await begin();
  for (const call of turn.unanswered) {
    const described = turn.toolset.describe(call.name);
    yield { type: 'tool_call.start', tool: described?.tool ?? call.name, ...origin(described) };
    yield* execute([call]);
  }
  if (signal.aborted) return;
  for (let round = 1; ; round += 1) {
    const mayCall = round <= turn.limits.rounds && callsLeft > 0;
    const options = { mayCall, first: round === 1, clientToolNames, clientCallIds, begin };
    const { calls, misspelt, unread } = yield* runFittedRound(turn, record, options, signal);
    if (signal.aborted || !mayCall || calls.length + misspelt.length === 0) return;
    // Cut off in the middle of a call: there is no room to write it again.
    if (calls.length === 0 && record.finishReason === 'length') return;
    if (calls.some((call) => clientToolNames.has(call.name))) return;
    unreadRounds = calls.length === 0 ? unreadRounds + 1 : 0;
    if (unreadRounds > MOST_UNREAD_ROUNDS) {
      record.finishReason = 'stop';
      yield* showText(record, unread);
      return;
    }
    callsLeft -= misspelt.length;
    record.added.push(...misspelt);
    yield* execute(calls);
    if (signal.aborted) return;
    if (outputTokensLeft(turn, record) === 0) {
      record.finishReason = 'length';
      return;
    }
  }
}

interface RoundOptions {
  readonly mayCall: boolean;
  readonly first: boolean;
  readonly begin: () => Promise<void>;
  readonly clientToolNames: ReadonlySet<string>;
  /** Of all rounds, in the order in which the caller hears of them. */
  readonly clientCallIds: string[];
}

interface RoundCalls {
  /** The calls that the model asked for; they are in the record's conversation already. */
  readonly calls: readonly ToolCallRequest[];
  /** Answers to calls that could not be read, so that the model may try again. */
  readonly misspelt: readonly ChatMessage[];
  /** What the model wrote in their place. */
  readonly unread: string;
}

/** One generation; what tools have answered is shortened until it fits, because their calls cannot be made undone. */
async function* runFittedRound(
  turn: ChatTurn,
  record: TurnRecord,
  options: RoundOptions,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, RoundCalls> {
  for (;;) {
    try {
      return yield* runRound(turn, record, options, signal);
    } catch (error) {
      const isTooLong = error instanceof ServerError && error.code === 'CONTEXT_EXCEEDED';
      const shorter = isTooLong
        ? halveAnswers([...turn.messages, ...record.added], record.answerCharacters)
        : undefined;
      if (shorter === undefined) throw error;
      record.answerCharacters = shorter;
    }
  }
}

/** One generation. */
async function* runRound(
  turn: ChatTurn,
  record: TurnRecord,
  options: RoundOptions,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, RoundCalls> {
  const round = new RoundText(record);
  const calls: ToolCallRequest[] = [];
  const misspelt: ChatMessage[] = [];
  let unread = '';
  const clientCalls = new Map<number, number>();
  let begun = false;
  let processing = true;
  try {
    for await (const event of turn.generate(toGenerateRequest(turn, record, options), signal)) {
      if (isLoadEvent(event)) {
        yield event;
        continue;
      }
      if (event.type === 'interrupted') continue;
      if (!begun) {
        await options.begin();
        yield { type: 'prompt_processing.start' };
      }
      begun = true;
      if (event.type === 'prompt.progress') {
        yield { type: 'prompt_processing.progress', progress: event.total === 0 ? 1 : event.processed / event.total };
        continue;
      }
      if (processing) {
        processing = false;
        yield { type: 'prompt_processing.end' };
      }
      switch (event.type) {
        case 'reasoning.delta':
        case 'message.delta':
          yield* round.write(event.type === 'reasoning.delta' ? 'reasoning' : 'message', event.text);
          break;
        case 'toolCall.start': {
          yield* round.close();
          if (options.clientToolNames.has(event.name)) {
            const id = turn.createCallId();
            const index = options.clientCallIds.push(id) - 1;
            clientCalls.set(event.index, index);
            yield { type: 'client_tool_call.start', index, id, name: event.name };
          } else {
            const described = turn.toolset.describe(event.name);
            yield { type: 'tool_call.start', tool: described?.tool ?? event.name, ...origin(described) };
          }
          break;
        }
        case 'toolCall.delta': {
          const index = clientCalls.get(event.index);
          if (index !== undefined) yield { type: 'client_tool_call.delta', index, content: event.text };
          break;
        }
        case 'toolCall.end': {
          const id = options.clientCallIds[clientCalls.get(event.index) ?? -1] ?? turn.createCallId();
          calls.push({ id, name: event.name, arguments: event.arguments });
          if (clientCalls.has(event.index)) {
            record.output.push({ type: 'client_tool_call', id, name: event.name, arguments: event.arguments });
          }
          break;
        }
        case 'toolCall.invalid': {
          yield* round.close();
          const toolName = event.name ?? '';
          const invalid = { type: 'invalid_arguments', toolName } as const;
          record.output.push({ type: 'invalid_tool_call', reason: event.reason, invalid });
          yield { type: 'tool_call.failure', reason: event.reason, invalid };
          // The model must see what it wrote, or it would write it again.
          round.text += event.raw;
          unread += event.raw;
          misspelt.push({
            role: 'tool',
            toolCallId: turn.createCallId(),
            name: toolName,
            content: `Error: ${event.reason}`,
          });
          break;
        }
        case 'finish':
          addUsage(record.usage, event);
          record.finishReason = event.reason;
          record.stopString = event.stopString;
          break;
      }
    }
  } catch (error) {
    // What was begun is ended, also when the model dies in the middle of it.
    yield* round.close();
    // Where somebody goes on, what was said is not lost.
    if (round.text !== '') record.added.push({ role: 'assistant', content: round.text });
    throw error;
  }
  if (begun && processing) yield { type: 'prompt_processing.end' };
  yield* round.close();
  // Broken off before a word: there is nothing that a model has said.
  if (signal.aborted && round.text === '' && calls.length === 0) return { calls, misspelt, unread };
  record.added.push({
    role: 'assistant',
    content: round.text,
    ...(round.reasoning === '' ? {} : { reasoning: round.reasoning }),
    ...(calls.length === 0 ? {} : { toolCalls: calls }),
  });
  return { calls, misspelt, unread };
}

/** What could not be read as a call, for the caller to see: it has paid for it. */
function* showText(record: TurnRecord, text: string): Generator<ChatEvent> {
  const shown = new RoundText(record);
  yield* shown.write('message', text);
  yield* shown.close();
}

/** Opens and closes the blocks of text that a stream shows, and collects them. */
class RoundText {
  text = '';
  reasoning = '';
  readonly #record: TurnRecord;
  #open: { readonly type: 'reasoning' | 'message'; content: string } | undefined;

  constructor(record: TurnRecord) {
    this.#record = record;
  }

  *write(type: 'reasoning' | 'message', content: string): Generator<ChatEvent> {
    if (this.#open?.type !== type) {
      yield* this.close();
      this.#open = { type, content: '' };
      this.#record.output.push(this.#open);
      yield { type: `${type}.start` };
    }
    this.#open.content += content;
    if (type === 'reasoning') this.reasoning += content;
    else this.text += content;
    yield { type: `${type}.delta`, content };
  }

  *close(): Generator<ChatEvent> {
    if (this.#open === undefined) return;
    yield { type: `${this.#open.type}.end` };
    this.#open = undefined;
  }
}

function toGenerateRequest(turn: ChatTurn, record: TurnRecord, options: RoundOptions): GenerateRequest {
  const { request } = turn;
  const tools = [...turn.toolset.definitions, ...request.clientTools];
  const left = outputTokensLeft(turn, record);
  return {
    messages: fitAnswers(answersInPlace([...turn.messages, ...record.added]), record.answerCharacters),
    tools,
    // A model that may not call is still given the tools: an engine leaves out of its text what looks like a call of them.
    toolChoice: options.mayCall ? chooseTools(request.toolChoice, tools.length > 0, options.first) : 'none',
    sampling: request.sampling,
    stop: request.stop,
    cacheScope: turn.cacheScope,
    share: turn.share,
    ...(left === undefined ? {} : { maxOutputTokens: left }),
    ...(request.reasoning === undefined ? {} : { reasoning: request.reasoning }),
    ...(request.responseSchema === undefined ? {} : { responseSchema: request.responseSchema }),
  };
}

function isLoadEvent(event: RoundEvent): event is ModelLoadEvent {
  return event.type.startsWith('model_load.');
}

function outputTokensLeft({ limits }: ChatTurn, { usage }: TurnRecord): number | undefined {
  return limits.outputTokens === undefined ? undefined : Math.max(0, limits.outputTokens - usage.outputTokens);
}

/** A call can be demanded of the first round only; demanded of each, the loop would never end. */
function chooseTools(asked: ToolChoice, hasTools: boolean, first: boolean): ToolChoice {
  if (!hasTools || asked === 'none') return 'none';
  return first ? asked : 'auto';
}

function origin(
  described: ReturnType<ChatToolset['describe']>,
): Pick<ChatEvent & { type: 'tool_call.start' }, 'origin'> {
  return described === undefined ? {} : { origin: described.origin };
}
