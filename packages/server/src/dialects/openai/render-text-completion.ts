import type { AnswerIdentity } from '../../contracts/answer-identity.ts';
import type { ChatEvent, ChatResult, ChatStats } from '../../contracts/chat-event.ts';
import type { ChoicesAnswer } from '../../contracts/choices.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { openaiErrors } from './errors.ts';
import type { Addition } from './render.ts';

type Json = Record<string, unknown>;

/** How to render the answer. */
export interface TextAnswerOptions {
  /** The name of the model in the request. */
  readonly model: string;
  /** Whether the stream ends with a chunk that contains the usage. */
  readonly includeUsage: boolean;
  /** For each choice, the text in front of the model's. */
  readonly echoed: readonly string[];
  /** How many choices there are for each prompt. */
  readonly copies: number;
  /** This API's name for a field of the request. */
  readonly paramOf: (field: ChatField) => string | undefined;
  readonly addition?: Addition | undefined;
}

const DONE = '[DONE]';

/** Renders the answer to `POST /v1/completions`. */
export function createTextAnswer(
  { id, createdAt }: AnswerIdentity,
  { model, includeUsage, echoed, copies, paramOf, addition = () => ({}) }: TextAnswerOptions,
): ChoicesAnswer {
  const envelope = {
    id: `cmpl-${id}`,
    object: 'text_completion',
    created: Math.floor(createdAt.getTime() / 1000),
    model,
  };
  const choice = (index: number, text: string, finish: string | null = null): Json => ({
    index,
    text,
    logprobs: null,
    finish_reason: finish,
  });
  const chunk = (one: Json, more: Json = {}): string =>
    JSON.stringify({ ...envelope, choices: [one], ...(includeUsage ? { usage: null } : {}), ...more });
  const ended: ChatResult[] = [];
  let failed = false;

  return {
    renderEvent: (index, event: ChatEvent) => {
      const echo = echoed[index] ?? '';
      if (event.type === 'chat.start') return echo === '' ? [] : [chunk(choice(index, echo))];
      if (event.type === 'message.delta') return [chunk(choice(index, event.text))];
      if (event.type === 'error') {
        failed = true;
        return [JSON.stringify(openaiErrors.renderError(event.error.named(paramOf)).body)];
      }
      // A finish reason after an error would make an incomplete answer look complete.
      if (event.type !== 'chat.end' || failed) return [];
      ended.push(event.result);
      return [chunk(choice(index, '', finishReason(event.result)), addition([event.result]))];
    },
    renderEnd: () => {
      const usage = { ...envelope, choices: [], usage: renderUsage(ended, copies) };
      return includeUsage && !failed ? [JSON.stringify(usage), DONE] : [DONE];
    },
    renderResults: (results) => ({
      ...envelope,
      choices: results.map((result, index) =>
        choice(index, (echoed[index] ?? '') + textOf(result), finishReason(result)),
      ),
      usage: renderUsage(results, copies),
      ...addition(results),
    }),
  };
}

const textOf = ({ output }: ChatResult): string =>
  output.map((item) => (item.type === 'message' ? item.content : '')).join('');

const finishReason = ({ finishReason: reason }: ChatResult): string => (reason === 'length' ? 'length' : 'stop');

/** A prompt counts once, however many choices it has. */
function renderUsage(results: readonly ChatResult[], copies: number): Json {
  const sum = (all: readonly ChatResult[], of: (stats: ChatStats) => number): number =>
    all.reduce((total, { stats }) => total + of(stats), 0);
  const prompts = results.filter((_, index) => index % copies === 0);
  const prompt = sum(prompts, ({ inputTokens }) => inputTokens);
  const completion = sum(results, ({ outputTokens }) => outputTokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: sum(prompts, ({ cachedInputTokens }) => cachedInputTokens) },
  };
}
