import { ConnectionError, type ConnectionErrorCode } from './errors.ts';
import { textOf } from './json.ts';
import { holdsSecret, tidy } from './tidy.ts';

const KINDS: readonly (readonly [pattern: RegExp, code: ConnectionErrorCode, words: string])[] = [
  [/^(?:ENOTFOUND|EAI_\w+)$/, 'name_not_found', 'The name of the server is not known'],
  [
    /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|.*SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO|INVALID_CA|UNKNOWN_CERT)/,
    'tls_failed',
    'No safe connection comes about',
  ],
  [
    /^(?:UND_ERR_HEADERS_OVERFLOW$|HPE_|HTTPParserError$)/,
    'bad_header',
    'What answers sends a header that cannot be read',
  ],
  [/^(?:UND_ERR_\w*TIMEOUT|ETIMEDOUT)$/, 'timed_out', 'No answer comes in time'],
  [
    /^(?:UND_ERR_SOCKET|ECONNRESET|EPIPE|ConnectionClosed|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)$/,
    'connection_cut',
    'The connection was cut',
  ],
];

/** Turns an error of fetch, or of reading a body, into a `ConnectionError` that says what happened. */
export function connectionFailure(url: string, error: unknown, tokens: readonly string[]): ConnectionError {
  const codes = codesIn(error);
  const cause = fitCause(error, codes[0], tokens);
  for (const [pattern, code, words] of KINDS) {
    const found = codes.find((one) => pattern.test(one));
    if (found !== undefined) return new ConnectionError(url, { code, message: `${words}: ${url} (${found}).`, cause });
  }
  return new ConnectionError(url, { cause });
}

/**
 * Keeps the error of an injected fetch if all its fields can be checked: texts and numbers. From any other error only
 * the message is taken, since its other fields, such as a request or a response, may contain the token.
 */
function fitCause(error: unknown, code: string | undefined, tokens: readonly string[]): Error {
  const { message } = error instanceof Error ? error : new Error('fetch failed');
  const words = tidy(message, tokens);
  if (error instanceof Error && words === message && isPlain(error, tokens)) return error;
  return Object.assign(new Error(words), code !== undefined && { code });
}

function isPlain(error: Error, tokens: readonly string[]): boolean {
  return Reflect.ownKeys(error).every((key) => {
    const value: unknown = Reflect.get(error, key);
    if (typeof key === 'string' && holdsSecret(key, tokens)) return false;
    if (typeof value === 'string') return !holdsSecret(value, tokens);
    return value === null || !['object', 'function', 'symbol'].includes(typeof value);
  });
}

/** The codes of an error and of its causes, innermost first. */
function codesIn(error: unknown, depth = 0): readonly string[] {
  if (depth > 5 || typeof error !== 'object' || error === null) return [];
  const { name, code, cause, errors } = error as { name?: unknown; code?: unknown; cause?: unknown; errors?: unknown };
  const inner = [cause, ...(Array.isArray(errors) ? errors : [])].flatMap((one) => codesIn(one, depth + 1));
  // Node's fetch has no code for an answer that is not HTTP.
  const own = textOf(code) ?? (name === 'HTTPParserError' ? name : undefined);
  return own !== undefined && /^[A-Za-z_0-9]{1,80}$/.test(own) ? [...inner, own] : inner;
}
