import type { JsonBounds } from '../input/scan-json.ts';

/** The limits of a request's body. It is read before the handler runs, and becomes `body` of the context. */
export interface RouteBody {
  /** `json`: the value; `json-text`: the text, for a protocol that reads it itself; `form`: a `URLSearchParams`. */
  readonly type: 'json' | 'json-text' | 'form';
  readonly bytes: number;
  readonly bounds: JsonBounds;
  /** The body may be absent; it is then read as an empty object. */
  readonly optional?: true;
}

/** The largest body of administration is a token with a grant; unauthenticated callers get the same limit. */
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

/** A conversation: its texts may fill the body, and its structure is limited to that of messages, tools and schemas. */
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

/** An MCP message. `__proto__` keys are refused, since arguments must be passed on exactly as they were judged. */
export const protocolMessage = (bytes: number): RouteBody => {
  const { bounds } = conversation(bytes);
  return { type: 'json-text', bytes, bounds: { ...bounds, protoKeys: false } };
};
