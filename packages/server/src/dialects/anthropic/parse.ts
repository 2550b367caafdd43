import type { ReasoningEffort, Sampling } from '@latchkey/engine';
import type { ParsedChat } from '../../contracts/chat-dialect.ts';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { toToolSearch } from '../../wire/integrations.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { readMessages } from './read-messages.ts';
import { readSystem } from './read-system.ts';
import { readTools } from './read-tools.ts';
import { createAnswer } from './render.ts';
import { type CountBody, countSchema, type MessagesBody, messagesSchema } from './schema.ts';

const KNOWN = keys(...Object.keys(messagesSchema.shape));
const KNOWN_IN_THINKING = keys('type', 'budget_tokens');
const KNOWN_IN_OUTPUT = keys('effort', 'format');

/** `POST /v1/messages` → the neutral request. Throws ServerError with the parameter's name. */
export function parseMessages(input: unknown): ParsedChat {
  const body = validateBody(messagesSchema, input);
  const { request, ...parsed } = parsePrompt(body);
  // The engine generates at least one token; a request that only warms the cache does not show it.
  const isWarmUp = body.max_tokens === 0;
  return {
    ...parsed,
    stream: body.stream ?? false,
    request: {
      ...request,
      sampling: toSampling(body),
      stop: (body.stop_sequences ?? []).filter((text) => text !== ''),
      maxOutputTokens: Math.max(1, body.max_tokens),
    },
    answer: (identity) => createAnswer(identity, { model: body.model, isWarmUp, paramOf: parsed.paramOf }),
  };
}

/** A request that only counts tokens. */
export interface ParsedCount extends Pick<ParsedChat, 'request' | 'ignored' | 'paramOf'> {}

/** `POST /v1/messages/count_tokens` → the neutral request. Throws ServerError with the parameter's name. */
export const parseCount = (input: unknown): ParsedCount => parsePrompt(validateBody(countSchema, input));

function parsePrompt(body: CountBody): ParsedCount {
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN);
  ignored.note('thinking', body.thinking ?? {}, KNOWN_IN_THINKING);
  ignored.note('output_config', body.output_config ?? {}, KNOWN_IN_OUTPUT);
  const system = readSystem(body.system, ignored);
  const { positions, ...tools } = readTools(body, ignored);
  const format = body.output_config?.format ?? body.output_format;
  const request: ChatRequest = {
    model: body.model,
    messages: [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      ...readMessages(body.messages, ignored),
    ],
    ...tools,
    ...toToolSearch(body),
    sampling: {},
    stop: [],
    store: false,
    reasoning: toEffort(body),
    reasoningIsWish: true,
    ...(format == null ? {} : { responseSchema: format.schema, responseSchemaIsStrict: true }),
  };
  return { request, ignored: ignored.list(), paramOf: (field) => paramOf(body, positions, field) };
}

/** The fields of the neutral request, and the parameters that may have been sent for them. */
const PARAMS: Partial<Record<ChatField, readonly string[]>> = {
  model: ['model'],
  messages: ['messages'],
  tools: ['tools'],
  toolChoice: ['tool_choice'],
  integrations: ['mcp_servers', 'integrations'],
  stop: ['stop_sequences'],
  reasoning: ['thinking', 'output_config'],
  responseSchema: ['output_config', 'output_format'],
  maxOutputTokens: ['max_tokens'],
};

/** `tools.1.parameters` becomes `tools[n].input_schema`, where n is the position of the second client tool. */
function paramOf(
  body: CountBody & { readonly [key: string]: unknown },
  positions: readonly number[],
  field: ChatField,
): string | undefined {
  const [, index, part] = /^tools\.(\d+)\.(name|parameters)$/.exec(field) ?? [];
  if (index !== undefined) return `tools[${positions[Number(index)]}].${part === 'name' ? part : 'input_schema'}`;
  return PARAMS[field]?.find((name) => body[name] != null);
}

/** Budgets of thinking tokens, and the efforts that they are mapped to. */
const MEDIUM_BUDGET = 4096;
const HIGH_BUDGET = 16_384;

const EFFORTS: Readonly<Record<string, ReasoningEffort>> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

/** In this API, a model reasons only on request. */
function toEffort({ thinking, output_config: output }: CountBody): ReasoningEffort {
  const effort = output?.effort ?? '';
  const named = Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined;
  if (thinking == null || thinking.type === 'disabled') return 'off';
  if (named !== undefined) return named;
  const { budget_tokens: budget } = thinking;
  if (budget == null) return 'on';
  if (budget < MEDIUM_BUDGET) return 'low';
  return budget < HIGH_BUDGET ? 'medium' : 'high';
}

const toSampling = ({ temperature, top_p: topP, top_k: topK }: MessagesBody): Sampling => ({
  ...(temperature == null ? {} : { temperature }),
  ...(topP == null ? {} : { topP }),
  ...(topK == null ? {} : { topK }),
});
