import type {
  AssistantPart,
  ChatMessage,
  EngineEvent,
  GenerateRequest,
  ToolCallRequest,
  ToolChoice,
} from '@latchkey/engine';
import type { ChatEvent } from '../contracts/chat-event.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatToolset } from '../contracts/toolset.ts';
import type { ModelLoadEvent } from './chat-model.ts';
import type { ChatTurn, TurnRecord } from './chat-turn.ts';
import { answersInPlace } from './conversation.ts';
import { executeCall, refuseBeyondLimit, refuseUnconfirmed, requestConfirmation } from './execute-call.ts';
import { firstCallOnly } from './first-call.ts';
import { fitAnswers, lessRoom } from './fit-answers.ts';
import type { RoundEvent } from './generate-within-budget.ts';
import { holdCalls, isHeld } from './held-calls.ts';
import { addUsage } from './usage.ts';

/** How many rounds in a row a model may repeat a call that could not be parsed: the caller pays for each. */
const MOST_UNREAD_ROUNDS = 1;

/**
 * The chat loop. A round is one generation and the calls that it requested. Rounds follow until the model answers
 * without a call, a call is for the client to make, or a limit is reached; then a last round without tools lets the
 * model conclude. The loop is bounded by rounds, calls and `signal`. Calls that the history left unanswered are made
 * first.
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
    yield startOf(turn.toolset, call.id, call.name);
    const mustConfirm = isHeld(call) || turn.toolset.describe(call.name)?.isConfirmed === true;
    if (mustConfirm && turn.request.confirmations?.get(call.id) !== true) {
      yield* refuseUnconfirmed(turn.toolset, call, record);
    } else yield* execute([call]);
  }
  if (signal.aborted) return;
  for (let round = 1; ; round += 1) {
    const mayCall = round <= turn.limits.rounds && callsLeft > 0;
    const options = { mayCall, first: round === 1, clientToolNames, clientCallIds, begin };
    const { calls, misspelt, unread } = yield* runFittedRound(turn, record, options, signal);
    if (signal.aborted || !mayCall || calls.length + misspelt.length === 0) return;
    // The output was cut off within a call: there is no room to write it again.
    if (calls.length === 0 && record.finishReason === 'length') return;
    const held = calls.flatMap((call) => {
      const described = turn.toolset.describe(call.name);
      return described?.isConfirmed ? [{ call, described }] : [];
    });
    holdCalls(record, new Set(held.map(({ call }) => call.id)));
    for (const { call, described } of held) yield* requestConfirmation(described, call, record);
    if (calls.some((call) => clientToolNames.has(call.name))) return;
    unreadRounds = calls.length === 0 ? unreadRounds + 1 : 0;
    if (unreadRounds > MOST_UNREAD_ROUNDS) {
      record.finishReason = 'stop';
      yield* showText(record, unread);
      return;
    }
    callsLeft -= misspelt.length;
    record.added.push(...misspelt);
    yield* execute(calls.filter((call) => !held.some((one) => one.call === call)));
    if (signal.aborted || held.length > 0) return;
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
  /** Of all rounds, in the order in which they were reported to the caller. */
  readonly clientCallIds: string[];
}

interface RoundCalls {
  /** The calls that the model requested; the record's conversation contains them already. */
  readonly calls: readonly ToolCallRequest[];
  /** Answers to calls that could not be parsed, so that the model may try again. */
  readonly misspelt: readonly ChatMessage[];
  /** The text that the model wrote for them. */
  readonly unread: string;
}

/**
 * One generation. The answers of tools are shortened until they fit, as the model's own tokenizer counts, and leave
 * room for an answer: their calls cannot be undone. If that is not enough, a turn in which a tool has run ends as one
 * that has filled its context, with what was done.
 */
async function* runFittedRound(
  turn: ChatTurn,
  record: TurnRecord,
  options: RoundOptions,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, RoundCalls> {
  const hasRun = record.added.some(({ role }) => role === 'tool');
  let keepsRoom = true;
  for (;;) {
    try {
      return yield* runRound(turn, record, { ...options, keepsRoom }, signal);
    } catch (error) {
      if (!(error instanceof ServerError && error.code === 'CONTEXT_EXCEEDED')) throw error;
      const messages = answersInPlace([...turn.messages, ...record.added]);
      const shorter = lessRoom(messages, record.answerRoom);
      if (shorter !== undefined) record.answerRoom = shorter;
      else if (keepsRoom && messages.some(({ role }) => role === 'tool')) keepsRoom = false;
      else if (hasRun) {
        record.finishReason = 'length';
        return { calls: [], misspelt: [], unread: '' };
      } else throw error;
    }
  }
}

/** One generation. */
async function* runRound(
  turn: ChatTurn,
  record: TurnRecord,
  options: RoundOptions & { readonly keepsRoom: boolean },
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, RoundCalls> {
  const round = new RoundText(record);
  const calls: ToolCallRequest[] = [];
  const misspelt: ChatMessage[] = [];
  let unread = '';
  const ids = new Map<number, string>();
  const clientCalls = new Map<number, number>();
  let begun = false;
  let processing = true;
  try {
    const generated = turn.generate(toGenerateRequest(turn, record, options), signal, options.keepsRoom);
    for await (const event of turn.request.oneCall ? firstCallOnly(generated) : generated) {
      if (isLoadEvent(event)) {
        yield event;
        continue;
      }
      if (event.type === 'interrupted') continue;
      if (!begun) {
        await options.begin();
        yield promptStart(event);
      }
      begun = true;
      if (event.type === 'prompt.progress') {
        yield event;
        continue;
      }
      if (processing) {
        processing = false;
        yield { type: 'prompt.end' };
      }
      switch (event.type) {
        case 'reasoning.delta':
        case 'message.delta':
          yield* round.write(event);
          break;
        case 'tool_call.start': {
          yield* round.close();
          const id = turn.createCallId();
          ids.set(event.index, id);
          if (options.clientToolNames.has(event.name)) {
            const index = options.clientCallIds.push(id) - 1;
            clientCalls.set(event.index, index);
            yield { type: 'client_tool_call.start', index, id, name: event.name };
          } else yield startOf(turn.toolset, id, event.name);
          break;
        }
        case 'tool_call.delta': {
          const index = clientCalls.get(event.index);
          if (index !== undefined) yield { type: 'client_tool_call.delta', index, text: event.text };
          break;
        }
        case 'tool_call.end': {
          const call = {
            id: ids.get(event.index) ?? turn.createCallId(),
            name: event.name,
            arguments: event.arguments,
          };
          calls.push(call);
          round.blocks.push({ type: 'tool_call', ...call });
          const index = clientCalls.get(event.index);
          if (index !== undefined) {
            record.output.push({ type: 'client_tool_call', ...call });
            yield { type: 'client_tool_call.end', index, ...call };
          }
          break;
        }
        case 'tool_call.invalid': {
          yield* round.close();
          const toolName = event.name ?? '';
          const invalid = { type: 'invalid_arguments', toolName } as const;
          const id = ids.get(event.index) ?? turn.createCallId();
          record.output.push({ type: 'invalid_tool_call', id, reason: event.reason, invalid });
          yield { type: 'tool_call.failure', id, reason: event.reason, invalid };
          // The model must see what it wrote, or it would write the same again.
          round.blocks.push({ type: 'text', text: event.raw });
          unread += event.raw;
          misspelt.push({
            role: 'tool',
            toolCallId: id,
            name: toolName,
            content: [{ type: 'text', text: `Error: ${event.reason}` }],
            isError: true,
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
    // Open blocks are closed, even if the model crashes within one.
    yield* round.close();
    // What was said is kept, in case the turn is continued.
    const said = round.blocks.filter(({ type }) => type === 'text');
    if (said.length > 0) record.added.push({ role: 'assistant', content: said });
    throw error;
  }
  if (begun && processing) yield { type: 'prompt.end' };
  yield* round.close();
  // Interrupted before the first word: the model has said nothing.
  if (signal.aborted && !round.blocks.some(({ type }) => type !== 'reasoning')) return { calls, misspelt, unread };
  record.added.push({ role: 'assistant', content: round.blocks });
  return { calls, misspelt, unread };
}

/** Shows the caller the text that could not be parsed as a call, since it was charged for it. */
function* showText(record: TurnRecord, text: string): Generator<ChatEvent> {
  const shown = new RoundText(record);
  yield* shown.write({ type: 'message.delta', text });
  yield* shown.close();
}

type Spoken = Extract<EngineEvent, { readonly type: 'reasoning.delta' | 'message.delta' }>;

/** Opens and closes the text blocks of a stream, and collects the parts of the turn in order. */
class RoundText {
  readonly blocks: AssistantPart[] = [];
  readonly #record: TurnRecord;
  #open: { readonly type: 'reasoning' | 'message'; content: string } | undefined;

  constructor(record: TurnRecord) {
    this.#record = record;
  }

  *write(event: Spoken): Generator<ChatEvent> {
    const type = event.type === 'reasoning.delta' ? 'reasoning' : 'message';
    if (this.#open?.type !== type) {
      yield* this.close();
      this.#open = { type, content: '' };
      this.#record.output.push(this.#open);
      yield { type: `${type}.start` };
    }
    this.#open.content += event.text;
    this.#append(type === 'message' ? 'text' : type, event.text);
    yield event;
  }

  *close(): Generator<ChatEvent> {
    if (this.#open === undefined) return;
    const { type, content } = this.#open;
    this.#open = undefined;
    yield type === 'reasoning' ? { type: 'reasoning.end', text: content } : { type: 'message.end' };
  }

  #append(type: 'text' | 'reasoning', text: string): void {
    const last = this.blocks.at(-1);
    if (last?.type === type) this.blocks[this.blocks.length - 1] = { type, text: last.text + text };
    else this.blocks.push({ type, text });
  }
}

/** The request to the engine for one round. */
export function toGenerateRequest(
  turn: Pick<ChatTurn, 'request' | 'messages' | 'toolset' | 'limits' | 'cacheScope' | 'share'>,
  record: TurnRecord,
  options: Pick<RoundOptions, 'mayCall' | 'first'>,
): GenerateRequest {
  const { request } = turn;
  const tools = [...turn.toolset.definitions, ...request.clientTools];
  const left = outputTokensLeft(turn, record);
  return {
    messages: fitAnswers(answersInPlace([...turn.messages, ...record.added]), record.answerRoom),
    tools,
    // A model that may not call still gets the tools: the engine removes text that looks like a call of them.
    toolChoice: options.mayCall ? chooseTools(request.toolChoice, tools.length > 0, options.first) : 'none',
    ...(request.oneCall && tools.length > 0 ? { oneCall: true } : {}),
    sampling: request.sampling,
    stop: request.stop,
    cacheScope: turn.cacheScope,
    share: turn.share,
    ...(request.prompt === undefined ? {} : { prompt: request.prompt }),
    ...(left === undefined ? {} : { maxOutputTokens: left }),
    ...(request.reasoning === undefined ? {} : { reasoning: request.reasoning }),
    ...(request.responseSchema === undefined ? {} : { responseSchema: request.responseSchema }),
    ...(request.responseSchemaIsStrict === undefined ? {} : { responseSchemaIsStrict: true }),
  };
}

function isLoadEvent(event: RoundEvent): event is ModelLoadEvent {
  return event.type.startsWith('model_load.');
}

function outputTokensLeft({ limits }: Pick<ChatTurn, 'limits'>, { usage }: TurnRecord): number | undefined {
  return limits.outputTokens === undefined ? undefined : Math.max(0, limits.outputTokens - usage.outputTokens);
}

/** A call can be required of the first round only: required of each round, the loop would not end. */
function chooseTools(asked: ToolChoice, hasTools: boolean, first: boolean): ToolChoice {
  if (!hasTools || asked === 'none') return 'none';
  return first ? asked : 'auto';
}

function startOf(toolset: ChatToolset, id: string, name: string): ChatEvent {
  const described = toolset.describe(name);
  if (described === undefined) return { type: 'tool_call.start', id, tool: name };
  return { type: 'tool_call.start', id, tool: described.tool, origin: described.origin };
}

/** The length of the prompt, if the engine's first event reports it. */
function promptStart(event: EngineEvent): ChatEvent {
  const { total, cached = 0 } = event.type === 'prompt.progress' ? event : { total: 0 };
  return { type: 'prompt.start', promptTokens: total, cachedTokens: cached };
}
