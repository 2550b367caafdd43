import type { AnswerIdentity } from '../../contracts/answer-identity.ts';
import type { ChatResult, ChatStats } from '../../contracts/chat-event.ts';
import type { ChoicesAnswer } from '../../contracts/choices.ts';
import { type AnswerOptions, ChunkRenderer, renderCompletion, renderUsage, toCompletionIdentity } from './render.ts';

type Json = Record<string, unknown>;

/** Renders a completion with several choices. A stream has them one after the other, and its usage is for all. */
export function createChoicesAnswer(
  answer: AnswerIdentity,
  { model, includeUsage, paramOf, addition = () => ({}) }: AnswerOptions,
): ChoicesAnswer {
  const identity = toCompletionIdentity(answer, model);
  const chunks = new Map<number, ChunkRenderer>();
  const ended: ChatResult[] = [];
  let failed = false;

  function chunksOf(index: number): ChunkRenderer {
    const known = chunks.get(index) ?? new ChunkRenderer(identity, false, paramOf, addition);
    chunks.set(index, known);
    return known;
  }
  const ofChoice = (index: number, { choices, ...chunk }: Json): Json =>
    Array.isArray(choices)
      ? { ...chunk, choices: atIndex(choices, index), ...(includeUsage ? { usage: null } : {}) }
      : chunk;

  return {
    renderEvent: (index, event) => {
      if (event.type === 'error') failed = true;
      if (event.type === 'chat.end') ended.push(event.result);
      return chunksOf(index)
        .render(event)
        .map((chunk) => JSON.stringify(ofChoice(index, chunk)));
    },
    renderEnd: () => {
      const usage = { ...identity, object: 'chat.completion.chunk', choices: [], usage: usageOf(ended) };
      return includeUsage && !failed ? [JSON.stringify(usage), DONE] : [DONE];
    },
    renderResults: (results) => {
      const rendered = results.map((result) => renderCompletion(identity, result));
      const choices = rendered.flatMap((one, index) => atIndex(one.choices as readonly Json[], index));
      return { ...rendered[0], choices, usage: usageOf(results), ...addition(results) };
    },
  };
}

const DONE = '[DONE]';

const atIndex = (choices: readonly Json[], index: number): readonly Json[] =>
  choices.map((choice) => ({ ...choice, index }));

/** The prompt counts once, however many choices it has. */
function usageOf(results: readonly ChatResult[]): Json {
  const sum = (of: (stats: ChatStats) => number): number => results.reduce((total, { stats }) => total + of(stats), 0);
  return renderUsage({
    inputTokens: results[0]?.stats.inputTokens ?? 0,
    cachedInputTokens: results[0]?.stats.cachedInputTokens ?? 0,
    outputTokens: sum(({ outputTokens }) => outputTokens),
    reasoningOutputTokens: sum(({ reasoningOutputTokens }) => reasoningOutputTokens),
  });
}
