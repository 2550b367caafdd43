import type { FinishReason } from '@latchkey/engine';
import type { ChatDialect } from '../../contracts/chat-dialect.ts';
import type { ChatResult } from '../../contracts/chat-event.ts';
import type { ParsedChoices } from '../../contracts/choices.ts';
import { openaiErrors } from './errors.ts';
import { parseChatCompletion } from './parse.ts';
import { parseTextCompletion } from './parse-text-completion.ts';
import type { Addition } from './render.ts';

/** What LM Studio's older API says of a model beside its answers. */
export interface ServedModel {
  readonly arch: string | null;
  readonly quant: string | null;
  readonly format: string | null;
  readonly contextLength: number;
}

/** The model with this key, if it is loaded; asked when an answer is complete. */
export type FindServed = (key: string) => ServedModel | undefined;

/**
 * LM Studio's `/api/v0/chat/completions`: OpenAI's, with figures of the generation and of the model;
 * https://lmstudio.ai/docs/developer/rest/endpoints.
 */
export const createV0Chat = (find: FindServed, version: string): ChatDialect => ({
  ...openaiErrors,
  patienceMilliseconds: 30_000,
  parse: (body) => {
    const parsed = parseChatCompletion(body, additionWith(find, version));
    const { request, choices } = parsed;
    // LM Studio keeps every schema.
    if (request.responseSchema === undefined) return parsed;
    const strict = <T extends object>(one: T) => ({ ...one, responseSchemaIsStrict: true }) as const;
    return {
      ...parsed,
      request: strict(request),
      ...(choices === undefined ? {} : { choices: { ...choices, requests: choices.requests.map(strict) } }),
    };
  },
});

/** The same for `/api/v0/completions`. */
export const createV0Completions =
  (find: FindServed, version: string) =>
  (body: unknown): ParsedChoices =>
    parseTextCompletion(body, additionWith(find, version));

const STOP_REASONS: Record<FinishReason, string> = {
  stop: 'eosFound',
  stop_string: 'stopStringFound',
  length: 'maxPredictedTokensReached',
  tool_calls: 'toolCalls',
};

const additionWith =
  (find: FindServed, version: string): Addition =>
  (results) => {
    const [first] = results;
    const last = results.at(-1);
    if (first === undefined || last === undefined) return {};
    const tokens = results.reduce((sum, { stats }) => sum + stats.outputTokens, 0);
    const seconds = results.reduce((sum, result) => sum + generationSeconds(result), 0);
    const model = find(last.model);
    return {
      stats: {
        tokens_per_second: seconds === 0 ? 0 : tokens / seconds,
        time_to_first_token: first.stats.timeToFirstTokenSeconds,
        generation_time: seconds,
        stop_reason: STOP_REASONS[last.finishReason],
      },
      ...(model === undefined ? {} : { model_info: renderInfo(model) }),
      runtime: { name: 'latchkey', version, supported_formats: ['gguf'] },
    };
  };

const generationSeconds = ({ stats: { outputTokens, tokensPerSecond } }: ChatResult): number =>
  tokensPerSecond === 0 ? 0 : outputTokens / tokensPerSecond;

const renderInfo = ({ arch, quant, format, contextLength }: ServedModel) => ({
  arch,
  quant,
  format,
  context_length: contextLength,
});
