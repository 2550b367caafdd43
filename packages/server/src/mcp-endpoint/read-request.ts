import { isObject } from '../input/is-object.ts';

/**
 * Reads the body of a request as clients mean it: what is null in it is absent, and so are empty positional
 * parameters. What is not JSON stays as it is, for the protocol's own refusal.
 */
export function mendRequestBody(body: string): string {
  const value = parse(body);
  if (value === undefined) return body;
  const mended = Array.isArray(value) ? value.map(mendMessage) : mendMessage(value);
  return JSON.stringify(mended);
}

/** Whether a body asks several things at once (MCP 2025-03-26). */
export const isBatch = (body: string): boolean => Array.isArray(parse(body));

/** The members of parameters of which a null means that they are absent. */
const optional = ['arguments', 'cursor', '_meta'];

function mendMessage(message: unknown): unknown {
  if (!isObject(message) || message.params === undefined) return message;
  const { params, ...rest } = message;
  if (params === null || (Array.isArray(params) && params.length === 0)) return rest;
  if (!isObject(params)) return message;
  const kept = Object.entries(params).filter(([key, value]) => value !== null || !optional.includes(key));
  return { ...rest, params: Object.fromEntries(kept) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
