import type { RawPrompt } from '@latchkey/engine';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import type { ParsedChoices } from '../../contracts/choices.ts';
import { type ChatField, ServerError } from '../../contracts/server-error.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { validateBody } from '../../wire/validate-body.ts';
import type { Addition } from './render.ts';
import { createTextAnswer } from './render-text-completion.ts';
import { MOST_CHOICES } from './schema.ts';
import { type TextCompletionBody, textCompletionSchema } from './text-completion-schema.ts';
import { toLimit, toSampling } from './to-sampling.ts';

/** Characters of prompts that are repeated in one answer. */
const MOST_ECHOED = 4_194_304;
/** As in OpenAI's API, where a completion without a limit is short. */
const USUAL_TOKENS = 16;

const KNOWN = keys(...Object.keys(textCompletionSchema.shape));

const PARAMS: Partial<Record<ChatField, string>> = {
  model: 'model',
  answers: 'n',
  messages: 'prompt',
  prompt: 'prompt',
  suffix: 'suffix',
  stop: 'stop',
  tokenBias: 'logit_bias',
  maxOutputTokens: 'max_tokens',
};

/**
 * A body of `/v1/completions` → one neutral request for each choice. Throws ServerError with the parameter's name.
 *
 * @param addition what the answer has beside OpenAI's fields
 */
export function parseTextCompletion(input: unknown, addition?: Addition): ParsedChoices {
  const body = validateBody(textCompletionSchema, input);
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN);
  const prompts = toPrompts(body);
  const copies = body.n ?? 1;
  if (body.best_of != null && body.best_of !== copies) {
    throw invalid('best_of', "'best_of' must be equal to 'n': all choices are returned.");
  }
  if (prompts.length * copies > MOST_CHOICES) throw invalid('n', `An answer has at most ${MOST_CHOICES} choices.`);
  const paramOf = (field: ChatField): string | undefined => PARAMS[field];
  const echoed = body.echo === true ? prompts.map(textOf) : prompts.map(() => '');
  const repeated = copies * echoed.reduce((sum, text) => sum + text.length, 0);
  if (repeated > MOST_ECHOED) {
    throw invalid(
      'echo',
      `The prompts of all choices have ${repeated} characters; at most ${MOST_ECHOED} are repeated.`,
    );
  }
  return {
    requests: prompts.flatMap((prompt) =>
      Array.from({ length: copies }, (_, copy) => ({
        ...toRequest(body, prompt, copy),
        answers: prompts.length * copies,
      })),
    ),
    stream: body.stream ?? false,
    ignored: ignored.list(),
    paramOf,
    answer: (identity) =>
      createTextAnswer(identity, {
        model: body.model,
        includeUsage: body.stream_options?.include_usage ?? false,
        echoed: echoed.flatMap((text) => Array.from({ length: copies }, () => text)),
        copies,
        paramOf,
        addition,
      }),
  };
}

function toPrompts({ prompt, suffix }: TextCompletionBody): readonly RawPrompt[] {
  const isOne = typeof prompt === 'string' || prompt.every((part) => typeof part === 'number');
  const texts = (isOne ? [prompt] : prompt) as readonly (string | readonly number[])[];
  if (suffix == null || suffix === '') return texts.map((text) => ({ text }));
  if (texts.some((text) => typeof text !== 'string'))
    throw invalid('suffix', "With 'suffix', 'prompt' must be a text.");
  return texts.map((text) => ({ text, suffix }));
}

function textOf({ text }: RawPrompt): string {
  if (typeof text === 'string') return text;
  throw invalid('echo', "With 'echo', 'prompt' must be a text.");
}

/** Copies with a seed differ: each has a seed of its own. */
function toRequest(body: TextCompletionBody, prompt: RawPrompt, copy: number): ChatRequest {
  const sampling = toSampling(body);
  return {
    model: body.model,
    messages: [],
    prompt,
    integrations: [],
    clientTools: [],
    toolChoice: 'none',
    sampling: { ...sampling, ...(sampling.seed === undefined ? {} : { seed: sampling.seed + copy }) },
    stop: body.stop ?? [],
    store: false,
    // A client of LM Studio or llama.cpp that sends -1 wants no limit; one that sends nothing has OpenAI's.
    ...(body.max_tokens == null ? { maxOutputTokens: USUAL_TOKENS } : limited(toLimit(body.max_tokens))),
  };
}

const limited = (tokens: number | undefined) => (tokens === undefined ? {} : { maxOutputTokens: tokens });

const invalid = (param: string, message: string): ServerError => new ServerError('INVALID_REQUEST', message, { param });
