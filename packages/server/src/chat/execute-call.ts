import type { InputPart, ToolCallRequest } from '@latchkey/engine';
import type { ChatEvent, InvalidCall } from '../contracts/chat-event.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ApprovalWait, ChatToolset, DescribedTool } from '../contracts/toolset.ts';
import { EventQueue } from '../models/event-queue.ts';
import type { ChatTurn, TurnRecord } from './chat-turn.ts';

/** Runs one call and records it: as an event, as output, and as a message that the model will read. */
export async function* executeCall(
  turn: ChatTurn,
  call: ToolCallRequest,
  record: TurnRecord,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const { toolset, keep, waiting, begun } = turn;
  const described = toolset.describe(call.name);
  if (described !== undefined) {
    const { tool, origin } = described;
    yield { type: 'tool_call.arguments', id: call.id, tool, arguments: call.arguments, origin };
  }
  if (begun === call.id) {
    yield* answerUnknown(toolset, call, record);
    await keep?.progress();
    return;
  }
  // Making a call twice is worse than an unknown result: from here on, no later request makes this call.
  await keep?.progress(waiting?.callId === call.id ? { waiting } : { begun: call.id });
  using _alive = turn.lives?.begin?.();
  using making = endOfCall(signal, turn);
  const waits = new EventQueue<{ readonly approvalId: string }>();
  const wait: ApprovalWait = {
    // A caller that does not know the id of the response cannot return to it.
    ...(keep && turn.request.isStreamed && { responseId: keep.responseId }),
    ...(keep && { turnId: keep.responseId }),
    onApproved: async () => {
      making.approve();
      await keep?.progress({ begun: call.id });
    },
    ...(waiting?.callId === call.id && { approvalId: waiting.approvalId }),
    onWaiting: async (approvalId) => {
      await keep?.progress({ waiting: { callId: call.id, approvalId } });
      waits.push({ approvalId });
    },
  };
  const calling = toolset.call(call.name, call.arguments, making.signal, wait).finally(() => waits.end());
  // Without a handler here, a failure during the loop below would count as an unhandled rejection.
  calling.catch(() => {});
  for await (const { approvalId } of waits) {
    if (described === undefined) continue;
    const { tool, origin } = described;
    yield {
      type: 'tool_call.approval_required',
      id: call.id,
      approvalId,
      ...(keep && { responseId: keep.responseId }),
      tool,
      arguments: call.arguments,
      origin,
    };
  }
  const outcome = await calling;
  if (outcome.type === 'waits') {
    if (signal.aborted) return;
    throw new ServerError('SHUTTING_DOWN', 'The server is shutting down. The tool call goes on waiting for a person.');
  }
  if (outcome.type === 'ran') {
    const { type: _, ...result } = outcome;
    const { content, isError } = result;
    record.output.push({ type: 'tool_call', id: call.id, ...result });
    record.added.push({ ...answerTo(call), content, ...(isError && { isError }) });
    if (!described?.isSearch) turn.countCall?.();
    await keep?.progress();
    if (signal.aborted) return;
    yield { type: 'tool_call.success', id: call.id, ...result };
    return;
  }
  if (outcome.madeBy !== undefined && described !== undefined) {
    // One approval makes one call: a second request gets the answer of the first.
    const answer = await turn.lives?.answerOf(outcome.madeBy, call.id, signal);
    if (answer !== undefined) {
      const { content, isError = false } = answer;
      const output = JSON.stringify(content.map(toMcpContent));
      const taken = { id: call.id, ...described, arguments: call.arguments, output, content, isError };
      record.output.push({ type: 'tool_call', ...taken });
      record.added.push({ ...answerTo(call), content, ...(isError && { isError }) });
      await keep?.progress();
      yield { type: 'tool_call.success', ...taken };
      return;
    }
  }
  const invalid = {
    type: outcome.kind,
    toolName: outcome.tool,
    ...(outcome.kind === 'invalid_arguments' ? { arguments: call.arguments } : {}),
    ...(outcome.origin === undefined ? {} : { origin: outcome.origin }),
  };
  const refusal = [...refuse(call, invalid, outcome.reason, record)];
  await keep?.progress();
  if (!signal.aborted) yield* refusal;
}

/**
 * The signal that ends a call. A call ends with its caller, unless a person has approved it: an approved call is
 * completed, since the approval would have to be asked for again, and its result is stored for a returning caller. It
 * ends in any case with its token and its server.
 */
function endOfCall(
  signal: AbortSignal,
  { ended, outlive }: Pick<ChatTurn, 'ended' | 'outlive'>,
): Disposable & { readonly signal: AbortSignal; readonly approve: () => void } {
  const left = new AbortController();
  let isApproved = false;
  const leave = (): void => {
    if (!isApproved || signal.reason instanceof ServerError) left.abort(signal.reason);
  };
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave);
  return {
    signal: ended === undefined ? left.signal : AbortSignal.any([left.signal, ended]),
    approve: () => {
      if (ended === undefined) return;
      isApproved = true;
      outlive?.();
    },
    [Symbol.dispose]: () => signal.removeEventListener('abort', leave),
  };
}

/** Reports to the model and to the caller that a call may have been made. */
function* answerUnknown(toolset: ChatToolset, call: ToolCallRequest, record: TurnRecord): Generator<ChatEvent> {
  const described = toolset.describe(call.name);
  const origin = described === undefined ? {} : { origin: described.origin };
  const toolName = described?.tool ?? call.name;
  yield* refuse(call, { type: 'invalid_arguments', toolName, arguments: call.arguments, ...origin }, UNKNOWN, record);
}

const UNKNOWN =
  'this call was begun by an earlier request, which was broken off, and whether it has done its work is not known. It is ' +
  'not made again by itself: look at what there is before you ask for it once more';

/** Asks the caller to confirm a call, which is not made until then. */
export function* requestConfirmation(
  { tool, origin }: DescribedTool,
  { id, arguments: args }: ToolCallRequest,
  record: TurnRecord,
): Generator<ChatEvent> {
  const request = { type: 'confirmation_request', id, tool, origin, arguments: args } as const;
  record.output.push(request);
  yield { type: 'tool_call.confirmation_required', request };
}

/** Refuses a call that the caller has not confirmed. */
export const refuseUnconfirmed = (
  toolset: ChatToolset,
  call: ToolCallRequest,
  record: TurnRecord,
): Generator<ChatEvent> => refuseAnnounced(toolset, call, record, 'the user has not approved this call');

/** Refuses a call beyond the request's limit. */
export const refuseBeyondLimit = (
  toolset: ChatToolset,
  call: ToolCallRequest,
  record: TurnRecord,
  limit: number,
): Generator<ChatEvent> =>
  refuseAnnounced(
    toolset,
    call,
    record,
    `this request may make ${limit} tool calls, and they are used up. Answer with what you have.`,
  );

/** A call that was announced must have an end. */
function* refuseAnnounced(
  toolset: ChatToolset,
  call: ToolCallRequest,
  record: TurnRecord,
  reason: string,
): Generator<ChatEvent> {
  const described = toolset.describe(call.name);
  const invalid: InvalidCall =
    described === undefined
      ? { type: 'invalid_name', toolName: call.name }
      : {
          type: 'invalid_arguments',
          toolName: described.tool,
          arguments: call.arguments,
          origin: described.origin,
        };
  yield* refuse(call, invalid, reason, record);
}

function* refuse(
  call: ToolCallRequest,
  invalid: InvalidCall,
  reason: string,
  record: TurnRecord,
): Generator<ChatEvent> {
  const { id } = call;
  record.output.push({ type: 'invalid_tool_call', id, reason, invalid });
  record.added.push({ ...answerTo(call), content: [{ type: 'text', text: `Error: ${reason}` }], isError: true });
  yield { type: 'tool_call.failure', id, reason, invalid };
}

const toMcpContent = (part: InputPart): object =>
  part.type === 'text' ? part : { type: 'image', data: part.data, mimeType: part.mediaType };

const answerTo = ({ id, name }: ToolCallRequest) => ({ role: 'tool', toolCallId: id, name }) as const;
