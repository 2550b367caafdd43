import { type ChatMessage, callsOf, type ToolCallRequest } from '@latchkey/engine';
import type { ChatRequest } from '../contracts/chat-request.ts';

type Answer = Extract<ChatMessage, { role: 'tool' }>;

type Joined = Pick<ChatRequest, 'messages' | 'instructions' | 'keepsSystemMessages'>;

/**
 * Joins the history and the request. The newest system prompt replaces the older ones, since most chat templates accept
 * only one, and only at the start, unless the request keeps them.
 */
export function joinHistory(
  history: readonly ChatMessage[],
  { messages: added, instructions, keepsSystemMessages }: Joined,
): readonly ChatMessage[] {
  const all = [...history, ...added].map(named(history));
  const joined = keepsSystemMessages || history.length === 0 ? all : withNewestSystem(all);
  return instructions === undefined ? joined : [{ role: 'system', content: instructions }, ...joined];
}

function withNewestSystem(all: readonly ChatMessage[]): readonly ChatMessage[] {
  const system = all.findLast((message) => message.role === 'system');
  const others = all.filter((message) => message.role !== 'system');
  return system === undefined ? others : [system, ...others];
}

/** Some APIs name only the call that a result belongs to; its tool is in the history then. */
function named(history: readonly ChatMessage[]): (message: ChatMessage) => ChatMessage {
  const names = new Map(history.flatMap(callsOf).map(({ id, name }) => [id, name]));
  return (message) => {
    const name = message.role === 'tool' ? names.get(message.toolCallId) : undefined;
    return name === undefined ? message : { ...message, name };
  };
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

/**
 * The calls that the history leaves without an answer, and to which the request brings none; and those that the request
 * brings itself and has answered for, as its caller keeps the history.
 */
export function unansweredOf(
  history: readonly ChatMessage[],
  { messages: added, confirmations }: Pick<ChatRequest, 'messages' | 'confirmations'>,
): readonly ToolCallRequest[] {
  const answered = new Set(added.filter(isAnswer).map(({ toolCallId }) => toolCallId));
  return [
    ...unansweredCalls(history).filter(({ id }) => !answered.has(id)),
    ...unansweredCalls(added).filter(({ id }) => confirmations?.has(id)),
  ];
}

const isAnswer = (message: ChatMessage): message is Answer => message.role === 'tool';
