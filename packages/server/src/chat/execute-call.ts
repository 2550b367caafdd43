import type { ChatEvent, InvalidCall } from '../contracts/chat-event.ts';
import type { ToolCallRequest } from '../contracts/chat-message.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ApprovalWait, ChatToolset } from '../contracts/toolset.ts';
import { EventQueue } from '../models/event-queue.ts';
import type { ChatTurn, TurnRecord } from './run-chat.ts';

/** Runs one call and writes it into the record: as an event, as output, and as a message that the model will read. */
export async function* executeCall(
  { toolset, keep, waiting }: ChatTurn,
  call: ToolCallRequest,
  record: TurnRecord,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const described = toolset.describe(call.name);
  if (described !== undefined) {
    yield { type: 'tool_call.arguments', tool: described.tool, arguments: call.arguments, origin: described.origin };
  }
  const waits = new EventQueue<{ readonly approvalId: string }>();
  // Also when it was decided while its caller was away.
  let hasWaited = waiting?.callId === call.id;
  const wait: ApprovalWait = {
    ...(keep && { responseId: keep.responseId }),
    ...(waiting?.callId === call.id && { approvalId: waiting.approvalId }),
    onWaiting: async (approvalId) => {
      await keep?.progress({ callId: call.id, approvalId });
      hasWaited = true;
      waits.push({ approvalId });
    },
  };
  const calling = toolset.call(call.name, call.arguments, signal, wait).finally(() => waits.end());
  // Without a listener now, a failure during the loop below would count as unhandled.
  calling.catch(() => {});
  for await (const { approvalId } of waits) {
    if (described === undefined) continue;
    const { tool, origin } = described;
    yield {
      type: 'tool_call.approval_required',
      approvalId,
      ...(keep && { responseId: keep.responseId }),
      tool,
      arguments: call.arguments,
      origin,
    };
  }
  const outcome = await calling;
  if (signal.aborted) return;
  if (outcome.type === 'waits') {
    throw new ServerError('SHUTTING_DOWN', 'The server is shutting down. The tool call goes on waiting for a person.');
  }
  if (outcome.type === 'ran') {
    const { tool, output, origin } = outcome;
    record.output.push({ type: 'tool_call', tool, arguments: outcome.arguments, output, origin });
    record.added.push({ role: 'tool', toolCallId: call.id, name: call.name, content: outcome.text });
    if (hasWaited) await keep?.progress();
    yield { type: 'tool_call.success', tool, arguments: outcome.arguments, output, origin };
    return;
  }
  const invalid = {
    type: outcome.kind,
    toolName: outcome.tool,
    ...(outcome.kind === 'invalid_arguments' ? { arguments: call.arguments } : {}),
    ...(outcome.origin === undefined ? {} : { origin: outcome.origin }),
  };
  yield* refuse(call, invalid, outcome.reason, record);
  if (hasWaited) await keep?.progress();
}

/** Refuses a call that the request has no room for: a call that was begun must not end in silence. */
export function* refuseBeyondLimit(
  toolset: ChatToolset,
  call: ToolCallRequest,
  record: TurnRecord,
  limit: number,
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
  const reason = `this request may make ${limit} tool calls, and they are used up. Answer with what you have.`;
  yield* refuse(call, invalid, reason, record);
}

function* refuse(
  call: ToolCallRequest,
  invalid: InvalidCall,
  reason: string,
  record: TurnRecord,
): Generator<ChatEvent> {
  record.output.push({ type: 'invalid_tool_call', reason, invalid });
  record.added.push({ role: 'tool', toolCallId: call.id, name: call.name, content: `Error: ${reason}` });
  yield { type: 'tool_call.failure', reason, invalid };
}
