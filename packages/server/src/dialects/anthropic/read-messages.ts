import type { AssistantPart, ChatMessage, ImagePart, InputPart } from '@latchkey/engine';
import { ServerError } from '../../contracts/server-error.ts';
import { type IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import type { Block, MessagesBody } from './schema.ts';

type Message = MessagesBody['messages'][number];

const KNOWN = keys('role', 'content');
/** The keys of blocks that are read, or that have no meaning for a model. */
const KNOWN_IN_BLOCKS = keys(
  ...['type', 'text', 'source', 'id', 'name', 'input', 'server_name', 'tool_use_id', 'content', 'is_error'],
  ...['thinking', 'signature', 'data', 'cache_control', 'citations', 'title', 'caller'],
);
const IMAGE_TYPE = /^image\/[a-z0-9.+-]{1,40}$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

interface Place {
  /** E.g. `messages[2].content[0]`. */
  readonly param: string;
  /** It comes after the last answer, so the caller can correct errors in it. */
  readonly isNew: boolean;
  readonly ignored: IgnoredKeys;
  /** The tool of each call so far, since a result names only the call. */
  readonly names: Map<string, string>;
}

/**
 * Anthropic's messages → neutral ones. A client repeats its history with each request, and its user cannot correct it,
 * so a block of an unknown type there is ignored; only in new messages it is refused. Throws ServerError with the path.
 */
export function readMessages(messages: readonly Message[], ignored: IgnoredKeys): ChatMessage[] {
  const newFrom = messages.findLastIndex(({ role }) => role === 'assistant') + 1;
  const names = new Map<string, string>();
  return messages.flatMap((message, index) => {
    ignored.note('messages[]', message, KNOWN);
    return toMessages(message, { param: `messages[${index}].content`, isNew: index >= newFrom, ignored, names });
  });
}

function toMessages({ role, content }: Message, place: Place): ChatMessage[] {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  switch (role) {
    case 'system':
      return [{ role: 'system', content: toInput(blocks, place).map(textOf).join('\n') }];
    case 'user':
      return toUserMessages(blocks, place);
    case 'assistant':
      return toAssistantMessages(blocks, place);
  }
}

/** Tool results become messages of their own, with the user's words between them. */
function toUserMessages(blocks: readonly Block[], place: Place): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let said: InputPart[] = [];
  const flush = (): void => {
    if (said.length > 0) messages.push({ role: 'user', content: said });
    said = [];
  };
  for (const [position, block] of blocks.entries()) {
    const at = { ...place, param: `${place.param}[${position}]` };
    if (isResult(block)) {
      flush();
      messages.push(toResult(block, at));
    } else said.push(...toInput([block], at));
  }
  flush();
  return messages.length === 0 ? [{ role: 'user', content: [] }] : messages;
}

/** An answer in which the server called tools becomes several messages: the calls, their results, and what followed. */
function toAssistantMessages(blocks: readonly Block[], place: Place): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let parts: AssistantPart[] = [];
  const flush = (): void => {
    if (parts.length > 0) messages.push({ role: 'assistant', content: parts });
    parts = [];
  };
  for (const [position, block] of blocks.entries()) {
    const at = { ...place, param: `${place.param}[${position}]` };
    if (isResult(block)) {
      flush();
      messages.push(toResult(block, at));
    } else parts.push(...toAssistantParts(block, at));
  }
  flush();
  return messages.length === 0 ? [{ role: 'assistant', content: [] }] : messages;
}

const CALLS = ['tool_use', 'server_tool_use', 'mcp_tool_use'];

function toAssistantParts(block: Block, place: Place): AssistantPart[] {
  place.ignored.note('messages[].content[]', block, KNOWN_IN_BLOCKS);
  if (block.type === 'text') return [{ type: 'text', text: stringOf(block, 'text', place) }];
  if (block.type === 'thinking' || block.type === 'redacted_thinking') {
    const signature = block.type === 'thinking' ? block.signature : block.data;
    const text = typeof block.thinking === 'string' ? block.thinking : '';
    return [{ type: 'reasoning', text, ...(typeof signature === 'string' ? { signature } : {}) }];
  }
  if (!CALLS.includes(block.type)) return ignore(block, place);
  const id = stringOf(block, 'id', place);
  const name = stringOf(block, 'name', place);
  const { input } = block;
  place.names.set(id, name);
  const args = typeof input === 'object' && input !== null && !Array.isArray(input) ? { ...input } : {};
  return [{ type: 'tool_call', id, name, arguments: args }];
}

const isResult = ({ type }: Block): boolean => type === 'tool_result' || type === 'mcp_tool_result';

function toResult(block: Block, place: Place): ChatMessage {
  place.ignored.note('messages[].content[]', block, KNOWN_IN_BLOCKS);
  const toolCallId = stringOf(block, 'tool_use_id', place);
  const { content } = block;
  const parts: InputPart[] = Array.isArray(content)
    ? content.flatMap((inner, position) => {
        const at = { ...place, param: `${place.param}.content[${position}]` };
        return isBlock(inner) ? toInput([inner], at) : [];
      })
    : [{ type: 'text', text: typeof content === 'string' ? content : '' }];
  const name = place.names.get(toolCallId) ?? 'unknown';
  const message = { role: 'tool', toolCallId, name } as const;
  if (block.is_error !== true) return { ...message, content: parts };
  // Few chat templates have a field for errors, so the text must say that it is one.
  const first = parts.find(({ type }) => type === 'text');
  const isTold = first?.type === 'text' && /^\W*error/i.test(first.text);
  return { ...message, content: isTold ? parts : [{ type: 'text', text: 'Error:' }, ...parts], isError: true };
}

function toInput(blocks: readonly Block[], place: Place): InputPart[] {
  return blocks.flatMap((block): InputPart[] => {
    place.ignored.note('messages[].content[]', block, KNOWN_IN_BLOCKS);
    if (block.type === 'text') return [{ type: 'text', text: stringOf(block, 'text', place) }];
    if (block.type === 'image') {
      const image = toImage(block.source);
      if (image !== undefined) return [image];
      return ignore(
        block,
        place,
        'an image in base64: {"type":"base64","media_type":"image/png","data":"…"}',
        '.source',
      );
    }
    const text = block.type === 'document' || block.type === 'search_result' ? documentText(block) : undefined;
    return text === undefined ? ignore(block, place) : [{ type: 'text', text }];
  });
}

const isBlock = (value: unknown): value is Block =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

function toImage(source: unknown): ImagePart | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  const { type, media_type: mediaType, data } = source as Readonly<Record<string, unknown>>;
  if (type !== 'base64' || typeof mediaType !== 'string' || typeof data !== 'string') return undefined;
  return IMAGE_TYPE.test(mediaType) && BASE64.test(data) ? { type: 'image', mediaType, data } : undefined;
}

/** The text of a document; a PDF or a document by URL has none. */
function documentText({ source, content, title }: Block): string | undefined {
  const inner = content ?? (typeof source === 'object' && source !== null ? sourceText(source) : undefined);
  const text = Array.isArray(inner) ? inner.filter(isBlock).map(blockText).join('\n') : inner;
  if (typeof text !== 'string' || text === '') return undefined;
  return typeof title === 'string' && title !== '' ? `${title}\n${text}` : text;
}

function sourceText(source: object): unknown {
  const { type, data, content } = source as Readonly<Record<string, unknown>>;
  return type === 'text' ? data : content;
}

const blockText = ({ text }: Block): string => (typeof text === 'string' ? text : '');
const textOf = (part: InputPart): string => (part.type === 'text' ? part.text : '');

function stringOf(block: Block, field: string, { param }: Place): string {
  const value = block[field];
  if (typeof value === 'string') return value;
  const at = `${param}.${field}`;
  if (value === undefined) throw new ServerError('MISSING_PARAMETER', `'${at}' is required.`, { param: at });
  throw new ServerError('INVALID_REQUEST', `'${at}' is not valid: expected a string.`, { param: at });
}

function ignore(block: Block, { param, isNew, ignored }: Place, expected = 'text or an image', field = '.type'): [] {
  if (isNew) {
    const at = `${param}${field}`;
    throw new ServerError('INVALID_REQUEST', `'${at}' is not valid: expected ${expected}.`, { param: at });
  }
  ignored.add(`messages[].content[].${block.type}`);
  return [];
}
