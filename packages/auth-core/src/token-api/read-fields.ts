import { InvalidInputError } from '../errors.ts';
import type { Json, JsonType } from '../schema/json-schema.ts';

/** A field of an input. Its type is checked here, everything else by the operation. */
export interface Field {
  readonly type: JsonType | readonly JsonType[];
  readonly description: string;
}

export type Fields = Readonly<Record<string, Field>>;

/** The largest body that is read, in bytes. */
const MAXIMUM_BYTES = 65_536;

/**
 * Reads the JSON object in the body of a request, at most 64 KiB. Without a body it is an object without fields.
 *
 * @throws {AuthError} `AUTH_INPUT_INVALID`
 */
export async function readBody(request: Request, fields: Fields): Promise<Readonly<Record<string, unknown>>> {
  const text = await readText(request);
  if (text === '') return {};
  const body = parse(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InvalidInputError('body', 'must be a JSON object');
  }
  return checkFields(body as Readonly<Record<string, unknown>>, fields);
}

/** Reads the query of a request, where each name may appear once. @throws {AuthError} `AUTH_INPUT_INVALID` */
export function readQuery({ searchParams }: URL, fields: Fields): Readonly<Record<string, unknown>> {
  const query = new Map<string, unknown>();
  for (const [name, text] of searchParams) {
    if (query.has(name)) throw new InvalidInputError(toName(name), 'appears twice');
    query.set(name, fields[name]?.type === 'integer' && /^\d{1,9}$/.test(text) ? Number(text) : text);
  }
  return checkFields(Object.fromEntries(query), fields);
}

function checkFields(input: Readonly<Record<string, unknown>>, fields: Fields): Readonly<Record<string, unknown>> {
  for (const [name, value] of Object.entries(input)) {
    const schema = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (schema === undefined) {
      throw new InvalidInputError(
        toName(name),
        `is not known here: it may be ${Object.keys(fields).join(', ') || 'nothing'}`,
      );
    }
    const types = [schema.type].flat();
    if (!types.some((type) => hasType(value, type)))
      throw new InvalidInputError(name, `must be of type ${types.join(' or ')}`);
  }
  return input;
}

function hasType(value: unknown, type: JsonType): boolean {
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

/** A name from outside, in a form that a message may contain. */
function toName(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new InvalidInputError('body', 'must be JSON');
  }
}

async function readText({ body }: Request): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [text, length] = ['', 0];
  const reader = body.getReader();
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      length += value?.byteLength ?? 0;
      if (length > MAXIMUM_BYTES) throw new InvalidInputError('body', `must not be longer than ${MAXIMUM_BYTES} bytes`);
      text += decoder.decode(value, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw error instanceof TypeError ? new InvalidInputError('body', 'must be JSON in UTF-8') : error;
  }
}
