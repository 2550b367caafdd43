import type { JsonBounds } from '../input/scan-json.ts';

/** What a request's body may be; it is read before the handler runs, and is `body` of the context. */
export interface RouteBody {
  /** `json`: the value; `json-text`: the text, for a protocol that reads it itself; `form`: a `URLSearchParams`. */
  readonly type: 'json' | 'json-text' | 'form';
  readonly bytes: number;
  readonly bounds: JsonBounds;
  /** It may be left out; then it is an object without anything. */
  readonly optional?: true;
}

/** A token, and a grant to go with it: all of administration is smaller, and strangers get no more. */
const ADMINISTRATION_BYTES = 65_536;
const DEPTH = 100;

const ADMINISTRATION: JsonBounds = {
  values: 20_000,
  depth: DEPTH,
  keys: 4096,
  keyCharacters: 1024,
  stringCharacters: 32_768,
  protoKeys: false,
};

export const administration: RouteBody = { type: 'json', bytes: ADMINISTRATION_BYTES, bounds: ADMINISTRATION };
export const optionalAdministration: RouteBody = { ...administration, optional: true };
export const form: RouteBody = { ...administration, type: 'form' };

/** A conversation: its texts may be as long as the body, its structure is that of messages, tools and schemas. */
export const conversation = (bytes: number): RouteBody => ({
  type: 'json',
  bytes,
  bounds: {
    values: 100_000,
    depth: DEPTH,
    keys: 10_000,
    keyCharacters: 1024,
    stringCharacters: bytes,
    protoKeys: true,
  },
});

/** A message of MCP: the arguments of a call are passed on as they are judged. */
export const protocolMessage = (bytes: number): RouteBody => {
  const { bounds } = conversation(bytes);
  return { type: 'json-text', bytes, bounds: { ...bounds, protoKeys: false } };
};
