import {
  AuthenticationError,
  type Denial,
  type LatchkeyError,
  type LatchkeyErrorOptions,
  PermissionError,
  RateLimitError,
  ServerError,
} from './errors.ts';
import { fieldsOf, textOf } from './json.ts';

/** What was asked of whom. */
export interface Asked {
  readonly url: string;
  /** What was sent as the token; undefined: nothing. */
  readonly token: string | undefined;
}

/** What a body says of an error, whichever API has worded it. */
interface Said {
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly param: string | undefined;
  /** Where the server says in data what the message says in words. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Reads what a server has answered in place of what was asked for. */
export async function readRefusal(response: Response, asked: Asked): Promise<LatchkeyError> {
  const said = readBody(await response.text().catch(() => ''));
  const { status, headers } = response;
  const requestId = headers.get('x-request-id') ?? undefined;
  const options: LatchkeyErrorOptions = { status, ...(requestId === undefined ? {} : { requestId }) };
  const words = tidy(said.message, asked.token);
  const message = words ?? `The server at ${asked.url} answered HTTP ${status}.`;
  if (status === 401) return unauthenticated(said, words, headers, asked, options);
  if (status === 403) {
    const decision = readDenial(said.details);
    return new PermissionError(said.code ?? 'permission_denied', message, {
      ...options,
      ...(decision && { decision }),
    });
  }
  if (status === 429) {
    const limit = textOf(said.details.limit) ?? said.param;
    const retryAfterSeconds = readRetryAfter(headers.get('retry-after'));
    return new RateLimitError(said.code ?? 'http_429', message, {
      ...options,
      ...(limit === undefined ? {} : { limit }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
  if (status >= 300 && status < 400) return redirected(headers.get('location'), asked.url, options);
  return new ServerError(said.code ?? `http_${status}`, message, {
    ...options,
    ...(said.param === undefined ? {} : { param: said.param }),
  });
}

/** LM Studio's and OpenAI's `{error: {message, code}}`, Label Studio's `{detail, code}`, OAuth's `{error, error_description}`. */
function readBody(text: string): Said {
  let body: Readonly<Record<string, unknown>>;
  try {
    body = fieldsOf(JSON.parse(text));
  } catch {
    body = {};
  }
  const error = fieldsOf(body.error);
  return {
    code: textOf(error.code) ?? textOf(body.code) ?? textOf(body.error),
    message: textOf(error.message) ?? textOf(body.detail) ?? textOf(body.error_description) ?? textOf(body.message),
    param: textOf(error.param),
    details: fieldsOf(error.details),
  };
}

function unauthenticated(
  said: Said,
  words: string | undefined,
  headers: Headers,
  { url, token }: Asked,
  options: LatchkeyErrorOptions,
): AuthenticationError {
  if (token === undefined) {
    const message = `No API token provided for ${url}. Set LATCHKEY_API_TOKEN, or log in with 'latchkey login'.`;
    return new AuthenticationError('no_token', message, options);
  }
  // RFC 6750 has one code for all; only the words of it say more.
  const challenge = headers.get('www-authenticate') ?? '';
  if (said.details.code === 'AUTH_TOKEN_EXPIRED' || /\bexpired\b/i.test(`${words} ${challenge}`)) {
    const message = `The API token for ${url} has expired. Make another one and log in with 'latchkey login'.`;
    return new AuthenticationError('expired_token', message, options);
  }
  const why = words === undefined ? '' : ` ${words}`;
  return new AuthenticationError('invalid_token', `Invalid API token for ${url}.${why}`, options);
}

function readDenial({ grant, source, rule, reason }: Readonly<Record<string, unknown>>): Denial | undefined {
  if (typeof grant !== 'number' || typeof source !== 'string') return undefined;
  if (typeof rule !== 'string' || typeof reason !== 'string') return undefined;
  return { grant, source, rule, reason };
}

/** RFC 9110 10.2.3: seconds, or a date. */
function readRetryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

function redirected(location: string | null, url: string, options: LatchkeyErrorOptions): ServerError {
  const target = location !== null && URL.canParse(location, url) ? new URL(location, url).origin : 'elsewhere';
  const message = `${url} redirects to ${target}, where the token is not sent. If that is the server, make it the URL.`;
  return new ServerError('redirected', message, options);
}

/** Fit for a terminal and a log: one line, no control characters, and no token, should a server repeat it. */
function tidy(message: string | undefined, token: string | undefined): string | undefined {
  if (message === undefined) return undefined;
  const hidden = token === undefined ? message : message.replaceAll(token, '[token]');
  return hidden
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, 1000);
}
