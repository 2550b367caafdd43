import type { ReasoningEffort } from '@latchkey/engine';
import type { CallerSeal, ParsedChat } from '../../contracts/chat-dialect.ts';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import { type ChatField, ServerError } from '../../contracts/server-error.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { toToolSearch } from '../../wire/integrations.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { readConfirmations, readItems } from './read-input.ts';
import { type RequestTools, readTools, type ShownTools } from './read-tools.ts';
import { createAnswer } from './render.ts';
import { type CountBody, countSchema, type ResponsesBody, responsesSchema } from './schema.ts';

/** Keys that are known and have no effect: what they say of OpenAI's service has no meaning here. */
const WITHOUT_EFFECT = ['prompt_cache_key', 'safety_identifier', 'user'];
const KNOWN = keys(...Object.keys(responsesSchema.shape).filter((name) => !WITHOUT_EFFECT.includes(name)));
const KNOWN_IN_REASONING = keys('effort', 'summary');
const KNOWN_IN_TEXT = keys('format');
const SEALED_THOUGHTS = 'reasoning.encrypted_content';

/** `POST /v1/responses` → the neutral request. Throws ServerError with the parameter's name. */
export function parseResponses(input: unknown, seal: CallerSeal): ParsedChat {
  const body = validateBody(responsesSchema, input);
  const { request, ignored, tools, paramOf } = parsePrompt(body, seal);
  noteWithoutEffect(body, ignored);
  const stream = body.stream ?? false;
  if (body.background && body.store === false) {
    throw new ServerError('INVALID_REQUEST', "'background' needs 'store': the response is read later.", {
      param: 'background',
    });
  }
  const maxOutputTokens = body.max_output_tokens ?? 0;
  const sealsThoughts = body.include?.includes(SEALED_THOUGHTS) ?? false;
  return {
    ignored: ignored.list(),
    paramOf,
    stream,
    inBackground: body.background ?? false,
    request: {
      ...request,
      sampling: {
        ...(body.temperature == null ? {} : { temperature: body.temperature }),
        ...(body.top_p == null ? {} : { topP: body.top_p }),
      },
      store: body.store ?? true,
      ...(stream || body.background ? { isStreamed: true as const } : {}),
      ...(maxOutputTokens < 1 ? {} : { maxOutputTokens }),
      ...(body.max_tool_calls == null ? {} : { maxToolCalls: body.max_tool_calls }),
    },
    answer: (identity) =>
      createAnswer(identity, { body, tools, paramOf, ...(sealsThoughts ? { seal: seal.seal } : {}) }),
  };
}

/** `POST /v1/responses/input_tokens` → the neutral request. Throws ServerError with the parameter's name. */
export function parseCount(input: unknown, seal: CallerSeal): Pick<ParsedChat, 'request' | 'ignored' | 'paramOf'> {
  const { request, ignored, paramOf } = parsePrompt(validateBody(countSchema, input), seal);
  return { request, ignored: ignored.list(), paramOf };
}

interface ParsedPrompt {
  readonly request: ChatRequest;
  readonly ignored: IgnoredKeys;
  readonly tools: ShownTools;
  readonly paramOf: (field: ChatField) => string | undefined;
}

function parsePrompt(body: CountBody, seal: CallerSeal): ParsedPrompt {
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN);
  ignored.note('reasoning', body.reasoning ?? {}, KNOWN_IN_REASONING);
  ignored.note('text', body.text ?? {}, KNOWN_IN_TEXT);
  const tools = readTools(body, ignored);
  const effort = toEffort(body, ignored);
  const responseSchema = toResponseSchema(body);
  const { clientTools, integrations, toolChoice } = tools;
  const messages = readItems(body.input, seal, ignored);
  const confirmed = readConfirmations(body.input);
  if (messages.length === 0 && body.previous_response_id == null) {
    throw new ServerError('MISSING_PARAMETER', "'input' is required.", { param: 'input' });
  }
  return {
    ignored,
    tools: { ...tools, approvals: new Map([...confirmed].map(([call, { requestId }]) => [call, requestId])) },
    paramOf: (field) => paramOf(body, tools, field),
    request: {
      model: body.model,
      messages,
      clientTools,
      integrations,
      ...toToolSearch(body),
      toolChoice,
      ...(body.parallel_tool_calls === false ? { oneCall: true } : {}),
      sampling: {},
      stop: [],
      store: false,
      keepsSystemMessages: true,
      ...(integrations.length === 0 ? {} : { listsTools: true as const }),
      confirmations: new Map([...confirmed].map(([call, { approved }]) => [call, approved])),
      ...(body.instructions == null || body.instructions === '' ? {} : { instructions: body.instructions }),
      ...(body.previous_response_id == null ? {} : { previousResponseId: body.previous_response_id }),
      ...(effort === undefined ? {} : { reasoning: effort, reasoningIsWish: true }),
      ...(responseSchema === undefined ? {} : { responseSchema }),
      ...(isStrict(body) ? { responseSchemaIsStrict: true } : {}),
    },
  };
}

function noteWithoutEffect(body: ResponsesBody, ignored: IgnoredKeys): void {
  for (const one of body.include ?? []) if (one !== SEALED_THOUGHTS) ignored.add(`include[].${one}`);
  if (body.service_tier != null && !['auto', 'default'].includes(body.service_tier)) ignored.add('service_tier');
  if (body.truncation != null && body.truncation !== 'disabled') ignored.add('truncation');
}

/** The fields of the neutral request, and the parameters that may have been sent for them. */
const PARAMS: Partial<Record<ChatField, readonly string[]>> = {
  model: ['model'],
  messages: ['input'],
  tools: ['tools'],
  toolChoice: ['tool_choice'],
  integrations: ['integrations', 'tools'],
  reasoning: ['reasoning'],
  responseSchema: ['text'],
  maxOutputTokens: ['max_output_tokens'],
  previousResponseId: ['previous_response_id'],
};

function paramOf(
  body: CountBody & { readonly [key: string]: unknown },
  { places }: RequestTools,
  field: ChatField,
): string | undefined {
  const [, index, part] = /^tools\.(\d+)\.(name|parameters)$/.exec(field) ?? [];
  if (index !== undefined) return `${places[Number(index)]}.${part}`;
  return PARAMS[field]?.find((name) => body[name] != null);
}

const EFFORTS: Readonly<Record<string, ReasoningEffort>> = {
  none: 'off',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
  // Words of LM Studio.
  off: 'off',
  on: 'on',
};

/** An effort is a wish: a model without it uses the nearest one, and a word that is unknown is ignored. */
function toEffort({ reasoning }: CountBody, ignored: IgnoredKeys): ReasoningEffort | undefined {
  const word = reasoning?.effort;
  if (word == null) return undefined;
  const effort = Object.hasOwn(EFFORTS, word) ? EFFORTS[word] : undefined;
  if (effort === undefined) ignored.add('reasoning.effort');
  return effort;
}

function toResponseSchema({ text }: CountBody): Record<string, unknown> | undefined {
  const format = text?.format;
  if (format?.type === 'json_schema') return format.schema;
  return format?.type === 'json_object' ? { type: 'object' } : undefined;
}

const isStrict = ({ text }: CountBody): boolean => text?.format?.type === 'json_schema' && text.format.strict === true;
