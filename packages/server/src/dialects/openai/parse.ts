import type { ReasoningEffort } from '@latchkey/engine';
import type { ParsedChat } from '../../contracts/chat-dialect.ts';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import type { ParsedChoices } from '../../contracts/choices.ts';
import { type ChatField, ServerError } from '../../contracts/server-error.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { toIntegration, toToolSearch } from '../../wire/integrations.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { readMessages } from './read-messages.ts';
import { readTools } from './read-tools.ts';
import { type Addition, createAnswer } from './render.ts';
import { createChoicesAnswer } from './render-choices.ts';
import { type ChatCompletionBody, chatCompletionSchema } from './schema.ts';
import { toLimit, toSampling } from './to-sampling.ts';

const KNOWN = keys(...Object.keys(chatCompletionSchema.shape));
const KNOWN_FORMAT = keys('type', 'schema', 'json_schema');
const KNOWN_OPTIONS = keys('include_usage');

/**
 * OpenAI's body → the neutral request. Throws ServerError with the parameter's name.
 *
 * @param addition what the answer has beside OpenAI's fields
 */
export function parseChatCompletion(body: unknown, addition?: Addition): ParsedChat {
  const chat = validateBody(chatCompletionSchema, body);
  const ignored = new IgnoredKeys();
  ignored.note('', chat, KNOWN);
  ignored.note('response_format', chat.response_format ?? {}, KNOWN_FORMAT);
  ignored.note('stream_options', chat.stream_options ?? {}, KNOWN_OPTIONS);
  const maxOutputTokens = toLimit(chat.max_completion_tokens ?? chat.max_tokens);
  const responseSchema = toResponseSchema(chat);
  const effort = chat.reasoning_effort ?? chat.reasoning?.effort;
  const { clientTools, toolChoice } = readTools(chat, ignored);
  const paramOf = (field: ChatField): string | undefined =>
    toolParam(field) ?? PARAMS[field]?.find((name) => isSent(chat, name));
  const includeUsage = chat.stream_options?.include_usage ?? false;
  const rendering = { model: chat.model, includeUsage, paramOf, addition };
  const request: ChatRequest = {
    model: chat.model,
    messages: readMessages(chat.messages, ignored),
    integrations: (chat.integrations ?? []).map(toIntegration),
    ...toToolSearch(chat),
    clientTools,
    toolChoice,
    ...(chat.parallel_tool_calls === false ? { oneCall: true } : {}),
    sampling: toSampling(chat),
    stop: chat.stop ?? [],
    store: false,
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(effort == null ? {} : { reasoning: REASONING[effort], reasoningIsWish: true }),
    ...(responseSchema === undefined ? {} : { responseSchema }),
    ...(isStrict(chat) ? { responseSchemaIsStrict: true } : {}),
  };
  return {
    stream: chat.stream ?? false,
    answer: (identity) => createAnswer(identity, rendering),
    request,
    ...toChoices(request, chat.n ?? 1, (identity) => createChoicesAnswer(identity, rendering)),
    ignored: ignored.list(),
    paramOf,
  };
}

/** A request for each of several answers. Those with a seed differ: each has a seed of its own. */
function toChoices(
  request: ChatRequest,
  answers: number,
  answer: ParsedChoices['answer'],
): Pick<ParsedChat, 'choices'> {
  if (answers === 1) return {};
  if (request.integrations.length > 0) {
    const message = "With 'integrations', 'n' must be 1: each further answer would call the tools again.";
    throw new ServerError('INVALID_REQUEST', message, { param: 'n' });
  }
  const { seed } = request.sampling;
  const requests = Array.from({ length: answers }, (_, copy) => ({
    ...request,
    answers,
    sampling: { ...request.sampling, ...(seed === undefined ? {} : { seed: seed + copy }) },
  }));
  return { choices: { requests, answer } };
}

/** The fields of the neutral request, and the parameters that may have been sent for them. */
const PARAMS: Partial<Record<ChatField, readonly (keyof ChatCompletionBody)[]>> = {
  model: ['model'],
  answers: ['n'],
  messages: ['messages'],
  tools: ['tools'],
  integrations: ['integrations'],
  toolChoice: ['tool_choice'],
  stop: ['stop'],
  tokenBias: ['logit_bias'],
  reasoning: ['reasoning_effort', 'reasoning'],
  responseSchema: ['response_format'],
  maxOutputTokens: ['max_completion_tokens', 'max_tokens'],
};

/** `tools.1.name` becomes `tools[1].function.name`. */
function toolParam(field: ChatField): string | undefined {
  const [, index, part] = /^tools\.(\d+)\.(name|parameters)$/.exec(field) ?? [];
  return index === undefined ? undefined : `tools[${index}].function.${part}`;
}

const isSent = (chat: ChatCompletionBody, name: keyof ChatCompletionBody): boolean => chat[name] != null;

const REASONING: Record<NonNullable<ChatCompletionBody['reasoning_effort']>, ReasoningEffort> = {
  none: 'off',
  off: 'off',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
  on: 'on',
};

function toResponseSchema({ response_format: format }: ChatCompletionBody): Record<string, unknown> | undefined {
  if (format?.type === 'json_schema') return format.json_schema.schema;
  return format?.type === 'json_object' ? (format.schema ?? { type: 'object' }) : undefined;
}

const isStrict = ({ response_format: format }: ChatCompletionBody): boolean =>
  format?.type === 'json_schema' && format.json_schema.strict === true;
