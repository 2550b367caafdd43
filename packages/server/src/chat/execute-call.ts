import type { ChatEvent } from '../contracts/chat-event.ts';
import type { ToolCallRequest } from '../contracts/chat-message.ts';
import type { ChatToolset } from '../contracts/toolset.ts';
import type { TurnRecord } from './run-chat.ts';

/** Runs one call and writes it into the record: as an event, as output, and as a message that the model will read. */
export async function* executeCall(
  toolset: ChatToolset,
  call: ToolCallRequest,
  record: TurnRecord,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const described = toolset.describe(call.name);
  if (described !== undefined) {
    yield { type: 'tool_call.arguments', tool: described.tool, arguments: call.arguments, origin: described.origin };
  }
  const outcome = await toolset.call(call.name, call.arguments, signal);
  if (signal.aborted) return;
  if (outcome.type === 'ran') {
    const { tool, output, origin } = outcome;
    record.output.push({ type: 'tool_call', tool, arguments: outcome.arguments, output, origin });
    record.added.push({ role: 'tool', toolCallId: call.id, name: call.name, content: outcome.text });
    yield { type: 'tool_call.success', tool, arguments: outcome.arguments, output, origin };
    return;
  }
  const invalid = {
    type: outcome.kind,
    toolName: outcome.tool,
    ...(outcome.kind === 'invalid_arguments' ? { arguments: call.arguments } : {}),
    ...(outcome.origin === undefined ? {} : { origin: outcome.origin }),
  };
  record.output.push({ type: 'invalid_tool_call', reason: outcome.reason, invalid });
  record.added.push({ role: 'tool', toolCallId: call.id, name: call.name, content: `Error: ${outcome.reason}` });
  yield { type: 'tool_call.failure', reason: outcome.reason, invalid };
}
