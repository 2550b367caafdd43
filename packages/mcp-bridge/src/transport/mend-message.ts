import { randomUUID } from 'node:crypto';
import { type JSONRPCMessage, parseJSONRPCMessage } from '@modelcontextprotocol/client';
import { isPlainCallResult, mendCallResult } from './mend-result.ts';

type Json = Record<string, unknown>;

/**
 * Where a list of tools is kept past the SDK, whose schema would refuse a whole list because of one odd tool: in the
 * place of the list is an empty one.
 */
export const LISTED_RAW = 'latchkey/listed';

/** JSON-RPC's code for an answer that cannot be used. */
const internalError = -32_603;

/**
 * Reads what a server sent as messages, each as it was meant: null is absent, parts of results are read one by one. An
 * answer with an id always becomes one: if it cannot be read, an error that says why, so that no call waits for its time
 * limit. Empty when it is no message.
 */
export function readMessages(value: unknown): readonly JSONRPCMessage[] {
  // MCP 2025-03-26 has batches.
  return (Array.isArray(value) ? value : [value]).flatMap((item) => readOne(item) ?? []);
}

/** Reads a line as `readMessages` does. */
export function readLine(line: string): readonly JSONRPCMessage[] {
  try {
    return readMessages(JSON.parse(line));
  } catch {
    return [];
  }
}

function readOne(raw: unknown): JSONRPCMessage | undefined {
  if (!isObject(raw)) return undefined;
  const { id } = raw;
  if (typeof raw.method === 'string') return parse(raw.params === null ? { ...raw, params: undefined } : raw);
  const isAnswer = typeof id === 'number' || (typeof id === 'string' && id !== '');
  if (!isAnswer) return parse(raw);
  const answered = parse({ jsonrpc: '2.0', id, ...answerOf(raw) });
  return answered ?? parse({ jsonrpc: '2.0', id, error: unreadable('its answer cannot be read') });
}

/** The `result` or the `error` of an answer. */
function answerOf(raw: Json): Json {
  if (raw.error !== undefined && raw.error !== null) return { error: mendError(raw.error) };
  const { result } = raw;
  if (isObject(result)) return { result: mendResult(result) };
  if (typeof result === 'string') return { result: mendCallResult({ content: result }) };
  if (Array.isArray(result)) return { result: mendCallResult({ content: result }) };
  // Some servers forget the envelope.
  if (result === undefined && raw.content !== undefined) return { result: mendResult(raw) };
  if (result === undefined) return { error: unreadable('its answer has neither a result nor an error') };
  return { error: unreadable(`its answer has ${result === null ? 'null' : `a ${typeof result}`} as its result`) };
}

function mendResult(result: Json): Json {
  if ('tools' in result) return mendList(result);
  if ('content' in result || 'structuredContent' in result) {
    return isPlainCallResult(result) ? result : mendCallResult(result);
  }
  return isObject(result._meta) || result._meta === undefined ? result : without(result, '_meta');
}

function mendList(result: Json): Json {
  const { tools, nextCursor, _meta, ...rest } = result;
  const listed = isObject(tools) ? Object.entries(tools).map(named) : tools;
  return {
    ...rest,
    tools: [],
    [LISTED_RAW]: Array.isArray(listed) ? listed : [],
    ...(typeof nextCursor === 'string' && nextCursor !== '' ? { nextCursor } : {}),
    ...(isObject(_meta) ? { _meta } : {}),
  };
}

const named = ([name, tool]: [string, unknown]): unknown => (isObject(tool) ? { name, ...tool } : tool);

function mendError(error: unknown): Json {
  if (!isObject(error))
    return { code: internalError, message: typeof error === 'string' ? error : JSON.stringify(error) };
  const { code, message, data } = error;
  const number = typeof code === 'number' || typeof code === 'string' ? Number(code) : Number.NaN;
  return {
    code: Number.isSafeInteger(number) ? number : internalError,
    message: typeof message === 'string' ? message : JSON.stringify(message ?? error),
    ...(data === undefined || data === null ? {} : { data }),
  };
}

/** An answer that says in words what is wrong with the one that came. */
export const unreadable = (what: string): Json => ({ code: internalError, message: what, data: UNREADABLE });

/** Marks an error that this host made of an answer; no server can send it. */
const UNREADABLE = randomUUID();

/** Whether this host made an error of an answer that could not be read. */
export const isUnreadable = (error: { readonly data?: unknown }): boolean => error.data === UNREADABLE;

function without(value: Json, key: string): Json {
  const { [key]: _, ...rest } = value;
  return rest;
}

function parse(value: unknown): JSONRPCMessage | undefined {
  try {
    return parseJSONRPCMessage(value);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
