import { ServerError } from '../contracts/server-error.ts';
import { scanJson } from '../input/scan-json.ts';

/** Bounds of the JSON texts of call arguments in a history; `values` applies to all of them together. */
const BOUNDS = {
  ...{ values: 100_000, depth: 100, keys: 10_000, keyCharacters: 65_536 },
  ...{ stringCharacters: Number.POSITIVE_INFINITY, protoKeys: true },
};
/** The key under which a model finds arguments that it wrote and that could not be parsed. */
const UNREADABLE = 'unreadable_arguments';

/**
 * Reads the arguments of a call in a history, which a client sends as the JSON text that the model wrote. What cannot
 * be parsed is kept as text.
 *
 * @param counted the number of values in all arguments of the request so far
 * @throws {ServerError} `INVALID_REQUEST` when they are too large
 */
export function readArguments(value: unknown, param: string, counted: { values: number }): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object') return Array.isArray(value) ? { [UNREADABLE]: JSON.stringify(value) } : { ...value };
  if (typeof value !== 'string') return { [UNREADABLE]: String(value) };
  if (value.trim() === '') return {};
  const fault = scanJson(value, BOUNDS, counted);
  if (fault?.isExcess) throw new ServerError('INVALID_REQUEST', `The JSON in '${param}' ${fault.problem}.`, { param });
  try {
    const parsed: unknown = fault === undefined ? JSON.parse(value) : undefined;
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // The model gets the text that it wrote.
  }
  return { [UNREADABLE]: value };
}
