import type { ReasoningEffort, Sampling } from '@latchkey/engine';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { type IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { toIntegration, toToolSearch } from '../../wire/integrations.ts';
import { type ChatBody, type GenerateBody, optionsSchema } from './schema.ts';

const KNOWN = keys(...Object.keys(optionsSchema.shape));

type Body = ChatBody | GenerateBody;

/** What chats and completions have in common: everything but what the model reads. */
export function readSettings(
  body: Body,
  ignored: IgnoredKeys,
): Omit<ChatRequest, 'messages' | 'prompt' | 'clientTools' | 'toolChoice'> {
  const options = body.options ?? {};
  ignored.note('options', options, KNOWN);
  const { num_predict: tokens, stop } = options;
  const schema = toResponseSchema(body.format);
  return {
    model: body.model,
    integrations: (body.integrations ?? []).map(toIntegration),
    ...toToolSearch(body),
    sampling: toSampling(options),
    stop: stop ?? [],
    store: false,
    ...readLoadWish(body),
    // Less than 1 is no limit.
    ...(tokens == null || tokens < 1 ? {} : { maxOutputTokens: tokens }),
    ...(body.think == null ? {} : { reasoning: toEffort(body.think), reasoningIsWish: true }),
    ...(schema === undefined ? {} : { responseSchema: schema }),
  };
}

/** What a body wants of the loading of its model. */
export function readLoadWish({
  options,
  keep_alive: keepAlive,
}: Body): Pick<ChatRequest, 'contextLength' | 'contextLengthIsWish' | 'keepAliveMilliseconds'> {
  const context = options?.num_ctx ?? 0;
  return {
    // Clients send a number of their own with each request, whatever the model is.
    ...(context < 1 ? {} : { contextLength: context, contextLengthIsWish: true }),
    ...(keepAlive == null ? {} : { keepAliveMilliseconds: keepAlive }),
  };
}

/** Ollama's names for the fields of a request. */
const PARAMS: Partial<Record<ChatField, string>> = {
  model: 'model',
  prompt: 'prompt',
  suffix: 'suffix',
  tools: 'tools',
  integrations: 'integrations',
  responseSchema: 'format',
  reasoning: 'think',
  stop: 'options.stop',
  contextLength: 'options.num_ctx',
  maxOutputTokens: 'options.num_predict',
};

/** @param messages the parameter that holds what the model reads */
export const paramsWith =
  (messages: 'messages' | 'prompt') =>
  (field: ChatField): string | undefined => {
    if (field === 'messages') return messages;
    // `tools.1.name` becomes `tools[1].function.name`.
    const [, index, part] = /^tools\.(\d+)\.(name|parameters)$/.exec(field) ?? [];
    return index === undefined ? PARAMS[field] : `tools[${index}].function.${part}`;
  };

function toSampling(options: NonNullable<Body['options']>): Sampling {
  return {
    ...(options.temperature == null ? {} : { temperature: options.temperature }),
    ...(options.top_p == null ? {} : { topP: options.top_p }),
    ...(options.top_k == null ? {} : { topK: Math.max(0, options.top_k) }),
    ...(options.min_p == null ? {} : { minP: options.min_p }),
    ...(options.repeat_penalty == null ? {} : { repeatPenalty: options.repeat_penalty }),
    ...(options.presence_penalty == null ? {} : { presencePenalty: options.presence_penalty }),
    ...(options.frequency_penalty == null ? {} : { frequencyPenalty: options.frequency_penalty }),
    // A seed below 0 is a random one.
    ...(options.seed == null || options.seed < 0 ? {} : { seed: options.seed }),
  };
}

function toEffort(think: NonNullable<Body['think']>): ReasoningEffort {
  if (typeof think === 'boolean') return think ? 'on' : 'off';
  return think === 'max' ? 'high' : think;
}

function toResponseSchema(format: Body['format']): Record<string, unknown> | undefined {
  if (format == null || format === '') return undefined;
  return format === 'json' ? { type: 'object' } : format;
}
