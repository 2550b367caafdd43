import type { AssistantPart, ChatMessage, InputPart } from '@latchkey/engine';
import type { CallerSeal } from '../../contracts/chat-dialect.ts';
import { readArguments } from '../../wire/call-arguments.ts';
import { type IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { callIdOf } from './items.ts';
import { type Place, readAssistantText, readInput, readOutput, readText } from './read-parts.ts';
import type { CountBody, InputItem } from './schema.ts';
import { flatName } from './tool-names.ts';

const KNOWN = keys(
  ...[
    'type',
    'id',
    'status',
    'role',
    'content',
    'phase',
    'call_id',
    'name',
    'namespace',
    'arguments',
    'input',
    'output',
  ],
  ...['summary', 'encrypted_content', 'server_label', 'error', 'approval_request_id', 'approve', 'reason', 'tools'],
);

interface Reading {
  readonly seal: CallerSeal;
  /** The tool of each call so far, since a result names only the call. */
  readonly names: Map<string, string>;
  /** The number of values in the arguments so far. */
  readonly counted: { values: number };
}

/** The items that a model has written; those next to each other are one message. */
const WRITTEN = ['reasoning', 'function_call', 'custom_tool_call', 'mcp_approval_request'];

/**
 * The items of a request → neutral messages. A client repeats its history with each request, and its user cannot correct
 * it, so a part of an unknown type there is ignored; in new items it is refused. Items of unknown types are ignored
 * everywhere: agents send items of tools that only OpenAI's servers run. Throws ServerError with the path.
 */
export function readItems(input: CountBody['input'], seal: CallerSeal, ignored: IgnoredKeys): ChatMessage[] {
  if (input == null) return [];
  if (typeof input === 'string') return [{ role: 'user', content: [{ type: 'text', text: input }] }];
  const newFrom = input.findLastIndex((item) => isWritten(item) || typeOf(item) === 'mcp_call') + 1;
  const reading: Reading = { seal, names: new Map(), counted: { values: 0 } };
  const messages: ChatMessage[] = [];
  let parts: AssistantPart[] | undefined;
  const flush = (): void => {
    if (parts !== undefined) messages.push({ role: 'assistant', content: parts });
    parts = undefined;
  };
  for (const [index, item] of input.entries()) {
    const place: Place = { param: `input[${index}]`, isNew: index >= newFrom, ignored };
    ignored.note('input[]', item, KNOWN);
    if (isWritten(item)) {
      parts ??= [];
      parts.push(...toParts(item, place, reading));
      continue;
    }
    const read = toMessages(item, place, reading);
    if (read.length === 0) continue;
    flush();
    messages.push(...read);
  }
  flush();
  return messages;
}

const typeOf = ({ type, role }: InputItem): string => type ?? (role == null ? '' : 'message');

const isWritten = (item: InputItem): boolean =>
  WRITTEN.includes(typeOf(item)) || (typeOf(item) === 'message' && item.role === 'assistant');

function toParts(item: InputItem, place: Place, { seal, names, counted }: Reading): AssistantPart[] {
  const name = flatName(item.name ?? 'unknown', item.namespace);
  const id = item.call_id ?? item.id ?? place.param;
  switch (typeOf(item)) {
    case 'reasoning': {
      const text = readThought(item, seal, place);
      return text === '' ? [] : [{ type: 'reasoning', text }];
    }
    case 'function_call':
      names.set(id, name);
      return [
        { type: 'tool_call', id, name, arguments: readArguments(item.arguments, `${place.param}.arguments`, counted) },
      ];
    case 'custom_tool_call':
      names.set(id, name);
      return [{ type: 'tool_call', id, name, arguments: { input: typeof item.input === 'string' ? item.input : '' } }];
    case 'mcp_approval_request': {
      const callId = callIdOf(item.id ?? place.param);
      names.set(callId, name);
      return [
        {
          type: 'tool_call',
          id: callId,
          name,
          arguments: readArguments(item.arguments, `${place.param}.arguments`, counted),
        },
      ];
    }
    default:
      return readAssistantText(item.content, place);
  }
}

function toMessages(item: InputItem, place: Place, { names, counted }: Reading): ChatMessage[] {
  switch (typeOf(item)) {
    case 'message':
      if (item.role === 'system' || item.role === 'developer') {
        return [{ role: 'system', content: readText(item.content, place) }];
      }
      if (item.role === 'user') return [{ role: 'user', content: readInput(item.content, place) }];
      place.ignored.add(`input[].${item.role}`);
      return [];
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const id = item.call_id ?? '';
      return [
        { role: 'tool', toolCallId: id, name: names.get(id) ?? 'unknown', content: readOutput(item.output, place) },
      ];
    }
    case 'mcp_call': {
      const name = item.name ?? 'unknown';
      const id = toCallId(item.id ?? place.param);
      const args = readArguments(item.arguments, `${place.param}.arguments`, counted);
      return [
        { role: 'assistant', content: [{ type: 'tool_call', id, name, arguments: args }] },
        { role: 'tool', toolCallId: id, name, ...toResult(item) },
      ];
    }
    // What servers offered is in the tools of this request, and an answer to a request for approval is no message.
    case 'mcp_list_tools':
    case 'mcp_approval_response':
      return [];
    default:
      place.ignored.add(`input[].${typeOf(item)}`);
      return [];
  }
}

/** The id of a call that a server has made, and that no other item names. */
const toCallId = (id: string): string => id.replace(/^mcp_/, 'call_');

/** The answers to requests for approval, by the call that they are for. */
export function readConfirmations(input: CountBody['input']): ReadonlyMap<string, Confirmed> {
  const items = Array.isArray(input) ? input.filter(({ type }) => type === 'mcp_approval_response') : [];
  return new Map(
    items.flatMap(({ approval_request_id: requestId, approve }): [string, Confirmed][] =>
      typeof requestId === 'string' ? [[callIdOf(requestId), { requestId, approved: approve === true }]] : [],
    ),
  );
}

/** An answer to a request for approval. */
export interface Confirmed {
  /** The id of the request. */
  readonly requestId: string;
  readonly approved: boolean;
}

function toResult({ output, error }: InputItem): { readonly content: readonly InputPart[]; readonly isError?: true } {
  if (error == null) return { content: [{ type: 'text', text: typeof output === 'string' ? output : '' }] };
  const text = typeof error === 'string' ? error : JSON.stringify(error);
  return { content: [{ type: 'text', text: `Error: ${text}` }], isError: true };
}

/** A thought: sealed, as text, or in its summary. One that was sealed for another caller is left out. */
function readThought(
  { content, summary, encrypted_content: sealed }: InputItem,
  seal: CallerSeal,
  place: Place,
): string {
  const said = textsOf(content) || textsOf(summary);
  if (typeof sealed !== 'string' || sealed === '') return said;
  const opened = seal.open(sealed);
  if (opened === undefined) place.ignored.add('input[].encrypted_content');
  return opened ?? said;
}

function textsOf(parts: unknown): string {
  if (!Array.isArray(parts)) return '';
  return parts.map((part: unknown) => (hasText(part) ? part.text : '')).join('\n');
}

const hasText = (part: unknown): part is { readonly text: string } =>
  typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string';
