import { type ChatMessage, textOf } from '@latchkey/engine';

/** Below this many characters an answer is left out as a whole: what is left would mislead. */
const LEAST_CHARACTERS = 64;

/**
 * The most characters of each answer of a tool: of those that the model has read in an earlier round, and of those
 * that it has not. Undefined while nothing was too long.
 */
export interface AnswerRoom {
  readonly older: number;
  readonly newest: number;
}

/** Limits the answers of tools to their room; the model reads that text is missing. */
export function fitAnswers(messages: readonly ChatMessage[], room: AnswerRoom | undefined): readonly ChatMessage[] {
  if (room === undefined) return messages;
  const firstNew = firstUnread(messages);
  return messages.map((message, index) => {
    if (message.role !== 'tool') return message;
    const characters = index < firstNew ? room.older : room.newest;
    const text = textOf(message.content);
    if (text.length <= characters) return message;
    const kept = text.slice(0, characters).toWellFormed();
    const note = `[${text.length - characters} more characters of this result do not fit into the context.]`;
    const others = characters === 0 ? [] : message.content.filter(({ type }) => type !== 'text');
    return { ...message, content: [{ type: 'text', text: kept === '' ? note : `${kept}\n${note}` }, ...others] };
  });
}

/**
 * Less room for the answers: the older ones give way first, by half each time and at last as a whole. Undefined when
 * there is nothing left to shorten.
 */
export function lessRoom(messages: readonly ChatMessage[], room: AnswerRoom = UNBOUNDED): AnswerRoom | undefined {
  const firstNew = firstUnread(messages);
  const longest = { older: 0, newest: 0 };
  for (const [index, message] of messages.entries()) {
    if (message.role !== 'tool') continue;
    const which = index < firstNew ? 'older' : 'newest';
    longest[which] = Math.max(longest[which], textOf(message.content).length);
  }
  for (const which of ['older', 'newest'] as const) {
    const now = Math.min(room[which], longest[which]);
    // The note about what is missing is about as long.
    if (now < LEAST_CHARACTERS) continue;
    const half = Math.floor(now / 2);
    return { ...room, [which]: half < LEAST_CHARACTERS ? 0 : half };
  }
  return undefined;
}

const UNBOUNDED: AnswerRoom = { older: Number.POSITIVE_INFINITY, newest: Number.POSITIVE_INFINITY };

/** Where the answers begin to which the model has said nothing yet. */
function firstUnread(messages: readonly ChatMessage[]): number {
  return messages.findLastIndex(({ role }) => role === 'assistant') + 1;
}
