import { type ChatMessage, textOf } from '@latchkey/engine';

/** Shorter answers are not shortened: they are not what fills a context. */
const LEAST_CHARACTERS = 256;

/** Limits each answer of a tool to this many characters; the model reads that text is missing. */
export function fitAnswers(messages: readonly ChatMessage[], characters: number | undefined): readonly ChatMessage[] {
  if (characters === undefined) return messages;
  return messages.map((message) => {
    if (message.role !== 'tool') return message;
    const text = textOf(message.content);
    if (text.length <= characters) return message;
    const note = `[${text.length - characters} more characters of this result do not fit into the context.]`;
    const fitting = `${text.slice(0, characters).toWellFormed()}\n${note}`;
    const others = message.content.filter(({ type }) => type !== 'text');
    return { ...message, content: [{ type: 'text', text: fitting }, ...others] };
  });
}

/** Half the length of the longest answer; undefined when no answer is long. */
export function halveAnswers(
  messages: readonly ChatMessage[],
  characters = Number.POSITIVE_INFINITY,
): number | undefined {
  const longest = messages.reduce(
    (most, message) => (message.role === 'tool' ? Math.max(most, textOf(message.content).length) : most),
    0,
  );
  const half = Math.floor(Math.min(longest, characters) / 2);
  return half < LEAST_CHARACTERS ? undefined : half;
}
