import { type ChatMessage, callsOf, type ToolCallRequest } from '@latchkey/engine';

type Answer = Extract<ChatMessage, { role: 'tool' }>;

/**
 * Joins the history and the new messages. The newest system prompt replaces the older ones: most chat templates accept
 * only one, and only at the start.
 */
export function joinHistory(history: readonly ChatMessage[], added: readonly ChatMessage[]): readonly ChatMessage[] {
  if (history.length === 0) return added;
  const all = [...history, ...added];
  const system = all.findLast((message) => message.role === 'system');
  const others = all.filter((message) => message.role !== 'system');
  return system === undefined ? others : [system, ...others];
}

/**
 * Moves each answer of a tool behind the message that called it. An answer comes later if the call waited for a person
 * while its caller left, and the caller sent something else on its return.
 */
export function answersInPlace(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const called = new Set(messages.flatMap(callsOf).map(({ id }) => id));
  const answers = Map.groupBy(messages.filter(isAnswer), ({ toolCallId }) => toolCallId);
  return messages.flatMap((message) => {
    if (isAnswer(message) && called.has(message.toolCallId)) return [];
    return [message, ...callsOf(message).flatMap(({ id }) => answers.get(id) ?? [])];
  });
}

/** The calls of the last assistant message that have no answer yet. */
export function unansweredCalls(messages: readonly ChatMessage[]): readonly ToolCallRequest[] {
  const last = messages.findLast(({ role }) => role === 'assistant');
  const answered = new Set(messages.filter(isAnswer).map(({ toolCallId }) => toolCallId));
  return callsOf(last).filter(({ id }) => !answered.has(id));
}

const isAnswer = (message: ChatMessage): message is Answer => message.role === 'tool';
