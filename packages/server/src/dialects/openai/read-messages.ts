import type { AssistantPart, ChatMessage, ImagePart, InputPart, ToolCallRequest } from '@latchkey/engine';
import { ServerError } from '../../contracts/server-error.ts';
import { readArguments } from '../../wire/call-arguments.ts';
import { type IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { imageDataUrlSchema } from '../../wire/image-data-url.ts';
import type { CompletionMessage } from './schema.ts';

const KNOWN = keys(
  'role',
  'content',
  'name',
  'reasoning_content',
  'reasoning',
  'refusal',
  'tool_calls',
  'function_call',
  'tool_call_id',
);
const KNOWN_IN_CALLS = keys('id', 'type', 'index', 'function', 'custom');
/** The key of a part's text, by the part's type. */
const TEXTS: Readonly<Record<string, string>> = {
  text: 'text',
  input_text: 'text',
  output_text: 'text',
  refusal: 'refusal',
};
const THOUGHTS: Readonly<Record<string, string>> = { thinking: 'thinking', reasoning: 'text' };

interface OpenCall {
  readonly id: string;
  readonly name: string;
}

/**
 * OpenAI's messages → neutral ones. A client repeats its history with each request, and its user cannot correct it, so
 * a broken call, a missing id or a part of an unknown type there is tolerated; an unknown part is refused only in new
 * messages, after the last answer. Throws ServerError with the path.
 */
export function readMessages(messages: readonly CompletionMessage[], ignored: IgnoredKeys): ChatMessage[] {
  const newFrom = messages.findLastIndex(({ role }) => role === 'assistant') + 1;
  const names = new Map<string, string>();
  const counted = { values: 0 };
  let open: OpenCall[] = [];
  return messages.map((message, index): ChatMessage => {
    const place: Place = { param: `messages[${index}]`, isNew: index >= newFrom, ignored, counted };
    ignored.note('messages[]', message, KNOWN);
    if (message.role !== 'assistant' && message.content === undefined) {
      const param = `${place.param}.content`;
      throw new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
    }
    switch (message.role) {
      case 'system':
      case 'developer':
        return { role: 'system', content: toText(message, place) };
      case 'user':
        return { role: 'user', content: toParts(message, place) };
      case 'assistant': {
        const calls = toCalls(message, index, place);
        for (const { id, name } of calls) names.set(id, name);
        open = calls.map(({ id, name }) => ({ id, name }));
        const reasoning = toReasoning(message);
        const text = toText(message, place) || (message.refusal ?? '');
        const content: AssistantPart[] = [
          ...(reasoning === '' ? [] : [{ type: 'reasoning' as const, text: reasoning }]),
          ...(text === '' ? [] : [{ type: 'text' as const, text }]),
          ...calls.map((call) => ({ type: 'tool_call' as const, ...call })),
        ];
        return { role: 'assistant', content };
      }
      default: {
        const call = answeredCall(message, open, names) ?? { id: `call_${index}`, name: message.name || 'unknown' };
        open = open.filter(({ id }) => id !== call.id);
        const content: InputPart[] = [{ type: 'text', text: toText(message, place) }];
        return { role: 'tool', toolCallId: call.id, name: call.name, content };
      }
    }
  });
}

interface Place {
  readonly param: string;
  readonly isNew: boolean;
  readonly ignored: IgnoredKeys;
  /** The number of values in the arguments so far. */
  readonly counted: { values: number };
}

/** The call that a result belongs to: the one that it names, or else the first call without a result. */
function answeredCall(
  { tool_call_id: id, name }: CompletionMessage,
  open: readonly OpenCall[],
  names: ReadonlyMap<string, string>,
): OpenCall | undefined {
  const named = id ? names.get(id) : undefined;
  if (id && named !== undefined) return { id, name: named };
  return open.find((call) => call.name === name) ?? open[0];
}

function toCalls(message: CompletionMessage, index: number, { param, ignored, counted }: Place): ToolCallRequest[] {
  const legacy = message.function_call ? [{ id: null, function: message.function_call }] : [];
  return [...(message.tool_calls ?? []), ...legacy].flatMap((call, position): ToolCallRequest[] => {
    ignored.note('messages[].tool_calls[]', call, KNOWN_IN_CALLS);
    const id = call.id || `call_${index}_${position}`;
    if (call.function) {
      const { name, arguments: args } = call.function;
      const where = `${param}.tool_calls[${position}].function.arguments`;
      return [{ id, name: name || 'unknown', arguments: readArguments(args, where, counted) }];
    }
    const custom = 'custom' in call ? call.custom : undefined;
    if (custom) return [{ id, name: custom.name || 'unknown', arguments: { input: custom.input ?? '' } }];
    ignored.add('messages[].tool_calls[]');
    return [];
  });
}

function toReasoning({ reasoning_content: content, reasoning, content: parts }: CompletionMessage): string {
  const said = content ?? (typeof reasoning === 'string' ? reasoning : '');
  if (said !== '' || !Array.isArray(parts)) return said;
  return parts.map((part) => textOf(part, THOUGHTS) ?? '').join('');
}

const toText = (message: CompletionMessage, place: Place): string =>
  partsOf(message, place, [])
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('');

const toParts = (message: CompletionMessage, place: Place): readonly InputPart[] =>
  partsOf(message, place, ['image_url', 'input_image']);

function partsOf(
  { content }: CompletionMessage,
  { param, isNew, ignored }: Place,
  images: readonly string[],
): readonly InputPart[] {
  if (content === null || content === undefined) return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content.flatMap((part, position): InputPart[] => {
    const at = `${param}.content[${position}]`;
    const text = textOf(part, TEXTS, at);
    if (text !== undefined) return [{ type: 'text', text }];
    if (typeof part === 'string' || Object.hasOwn(THOUGHTS, part.type)) return [];
    const image = images.includes(part.type) ? imageOf(part.image_url) : undefined;
    if (image !== undefined) return [image];
    if (isNew) throw unknownPart(at, images.includes(part.type));
    ignored.add(`messages[].content[].${part.type}`);
    return [];
  });
}

type Part = string | { readonly type: string; readonly [key: string]: unknown };

function textOf(part: Part, kinds: Readonly<Record<string, string>>, at?: string): string | undefined {
  if (typeof part === 'string') return kinds === TEXTS ? part : undefined;
  const field = Object.hasOwn(kinds, part.type) ? kinds[part.type] : undefined;
  if (field === undefined) return undefined;
  const text = part[field];
  if (typeof text === 'string') return text;
  if (at === undefined || text === null) return '';
  const param = `${at}.${field}`;
  if (text === undefined) throw new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
  throw new ServerError('INVALID_REQUEST', `'${param}' is not valid: expected a string.`, { param });
}

function imageOf(value: unknown): ImagePart | undefined {
  const url = typeof value === 'object' && value !== null && 'url' in value ? value.url : value;
  const read = imageDataUrlSchema.safeParse(url);
  return read.success ? { type: 'image', ...read.data } : undefined;
}

function unknownPart(at: string, isImage: boolean): ServerError {
  const param = isImage ? `${at}.image_url.url` : `${at}.type`;
  const expected = isImage
    ? 'a base64 data URL of an image (data:image/png;base64,…)'
    : 'text, or an image of the user';
  return new ServerError('INVALID_REQUEST', `'${param}' is not valid: expected ${expected}.`, { param });
}
