import type { ChatMessage } from '@latchkey/engine';

/** Shorter answers are not what fills a context. */
const LEAST_CHARACTERS = 256;

/** The conversation with no more than so many characters of each answer of a tool; the model is told what is missing. */
export function fitAnswers(messages: readonly ChatMessage[], characters: number | undefined): readonly ChatMessage[] {
  if (characters === undefined) return messages;
  return messages.map((message) => {
    if (message.role !== 'tool' || message.content.length <= characters) return message;
    const left = message.content.length - characters;
    const note = `[${left} more characters of this result do not fit into the context.]`;
    return { ...message, content: `${message.content.slice(0, characters).toWellFormed()}\n${note}` };
  });
}

/** Half of what the longest answer has now; undefined when no answer is long. */
export function halveAnswers(
  messages: readonly ChatMessage[],
  characters = Number.POSITIVE_INFINITY,
): number | undefined {
  const longest = Math.max(0, ...messages.map((message) => (message.role === 'tool' ? message.content.length : 0)));
  const half = Math.floor(Math.min(longest, characters) / 2);
  return half < LEAST_CHARACTERS ? undefined : half;
}
