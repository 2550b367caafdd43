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
import { readBody } from './read-body.ts';
import { tidy } from './tidy.ts';

/** The request that was refused. */
export interface Asked {
  readonly url: string;
  /** The token that was sent; undefined when none was. */
  readonly token: string | undefined;
  /** The texts that an error must not contain. */
  readonly secrets: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** The error in a body, independent of the API's format, safe to be shown. */
interface Said {
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly param: string | undefined;
  /** The server's details as data; the message says the same in words. */
  readonly details: Readonly<Record<string, unknown>>;
}

const BOUNDS = { bytes: 65_536, milliseconds: 10_000 };

/**
 * Reads a server's error answer. When the body is cut or does not end, only the status is used.
 *
 * @throws the signal's reason when it is aborted
 */
export async function readRefusal(response: Response, asked: Asked): Promise<LatchkeyError> {
  const { text } = await readBody(response, BOUNDS, asked.signal).catch((error: unknown) => {
    if (asked.signal?.aborted === true) throw error;
    return { text: '' };
  });
  const said = readSaid(text, asked.secrets);
  const { status, headers } = response;
  const requestId = present(headers.get('x-request-id'), asked.secrets);
  const retryAfterSeconds = readRetryAfter(headers.get('retry-after'));
  const options: LatchkeyErrorOptions = {
    status,
    ...(requestId !== undefined && { requestId }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
  const words = said.message;
  const message = words ?? `The server at ${asked.url} answered HTTP ${status}.`;
  if (status === 401) return unauthenticated(said, words, headers, asked, options);
  if (status === 403) {
    const decision = readDenial(said.details, asked.secrets);
    return new PermissionError(said.code ?? 'permission_denied', message, {
      ...options,
      ...(decision && { decision }),
    });
  }
  if (status === 429) {
    const limit = present(textOf(said.details.limit), asked.secrets) ?? said.param;
    return new RateLimitError(said.code ?? 'http_429', message, { ...options, ...(limit !== undefined && { limit }) });
  }
  // A browser reveals no more of a redirect than that it is one.
  if ((status >= 300 && status < 400) || response.type === 'opaqueredirect') {
    return redirected(headers.get('location'), asked, options);
  }
  const hint = status === 404 && /\/v1$/.test(asked.url) ? ` The URL ends in /v1: leave that out.` : '';
  return new ServerError(said.code ?? `http_${status}`, message + hint, {
    ...options,
    ...(said.param !== undefined && { param: said.param }),
  });
}

const WORD = /^[A-Za-z][\w.-]{0,99}$/;

/**
 * LM Studio's and OpenAI's `{error: {message, code}}`, older LM Studio's `{error: "sentence"}`, Label Studio's
 * `{detail, code}`, FastAPI's `{detail: [{loc, msg}]}`, OAuth's `{error, error_description}`.
 */
function readSaid(text: string, secrets: readonly string[]): Said {
  let body: Readonly<Record<string, unknown>>;
  try {
    body = fieldsOf(JSON.parse(text));
  } catch {
    body = {};
  }
  const error = fieldsOf(body.error);
  const sentence = textOf(body.error);
  const isWord = (value: string | undefined): value is string =>
    value !== undefined && WORD.test(value) && tidy(value, secrets) === value;
  return {
    code: [textOf(error.code), textOf(body.code), sentence].find(isWord),
    message: present(
      textOf(error.message) ??
        textOf(body.detail) ??
        listed(body.detail) ??
        textOf(body.error_description) ??
        textOf(body.message) ??
        (isWord(sentence) ? undefined : sentence),
      secrets,
    ),
    param: present(textOf(error.param), secrets),
    details: fieldsOf(error.details),
  };
}

/** The errors of the fields of a request, as text. */
function listed(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return undefined;
  const lines = detail.slice(0, 20).flatMap((one) => {
    const { loc, msg } = fieldsOf(one);
    const place = Array.isArray(loc) ? loc.filter((part) => ['string', 'number'].includes(typeof part)).join('.') : '';
    return typeof msg === 'string' ? [place === '' ? msg : `${place}: ${msg}`] : [];
  });
  return lines.length === 0 ? undefined : lines.join('; ');
}

/** A text that is safe to be shown; undefined when nothing is left of it. */
const present = (text: string | null | undefined, secrets: readonly string[]): string | undefined =>
  tidy(text ?? '', secrets) || undefined;

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
  // RFC 6750 has one code for all of these; only its text says more.
  const challenge = headers.get('www-authenticate') ?? '';
  if (said.details.code === 'AUTH_TOKEN_EXPIRED' || /\bexpired\b/i.test(`${words} ${challenge}`)) {
    const message = `The API token for ${url} has expired. Make another one and log in with 'latchkey login'.`;
    return new AuthenticationError('expired_token', message, options);
  }
  const why = words === undefined ? '' : ` ${words}`;
  return new AuthenticationError('invalid_token', `Invalid API token for ${url}.${why}`, options);
}

function readDenial(
  { grant, source, rule, reason }: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): Denial | undefined {
  if (typeof grant !== 'number' || typeof source !== 'string') return undefined;
  if (typeof rule !== 'string' || typeof reason !== 'string') return undefined;
  return { grant, source: tidy(source, secrets), rule: tidy(rule, secrets), reason: tidy(reason, secrets) };
}

/** RFC 9110 10.2.3: seconds, which some servers write with a fraction, or a date. */
function readRetryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(text)) return Number(text);
  // Date.parse reads a number with a sign as a year.
  const date = /^[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

function redirected(location: string | null, { url, secrets }: Asked, options: LatchkeyErrorOptions): ServerError {
  const origin = location !== null && URL.canParse(location, url) ? new URL(location, url).origin : 'elsewhere';
  const target = tidy(origin, secrets);
  const message = `${url} redirects to ${target}, where the token is not sent. If that is the server, make it the URL.`;
  return new ServerError('redirected', message, options);
}
