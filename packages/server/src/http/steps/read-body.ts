import getRawBody from 'raw-body';
import { ServerError } from '../../contracts/server-error.ts';
import { type JsonBounds, scanJson } from '../../input/scan-json.ts';
import type { RouteBody } from '../bodies.ts';
import type { RequestContext } from '../request-context.ts';
import type { Guard } from '../step.ts';

/**
 * The one place where bodies are read. Throws ServerError `UNSUPPORTED_MEDIA_TYPE` (a web page can post most other
 * types without a preflight), `PAYLOAD_TOO_LARGE` or `INVALID_REQUEST` before any value of the body is used. An
 * incomplete body is awaited until the request's signal fires, whose reason is thrown.
 */
export const readBody =
  ({ type, bytes, bounds, optional }: RouteBody): Guard =>
  async (context) => {
    if (optional && !hasBody(context)) {
      context.body = {};
      return;
    }
    requireType(context, type);
    const text = toText(await readBytes(context, bytes));
    if (type !== 'form') requireBounds(text, bounds);
    context.body = type === 'form' ? new URLSearchParams(text) : type === 'json' ? parse(text) : text;
  };

/** A body in chunks has no length, but is a body. */
const hasBody = (context: RequestContext): boolean =>
  context.get('transfer-encoding') !== undefined || (lengthOf(context) ?? 0) > 0;

function lengthOf(context: RequestContext): number | undefined {
  const length = Number.parseInt(context.get('content-length') ?? '', 10);
  return Number.isNaN(length) ? undefined : length;
}

const JSON_TYPE = /^(?:application\/json|[^/ ]+\/[^/ ]+\+json)$/;

function requireType(context: RequestContext, type: RouteBody['type']): void {
  const encoding = context.get('content-encoding') ?? '';
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw unsupported('Content-Encoding', 'Send the body as it is: compressed ones are not taken.');
  }
  const [sent = ''] = (context.get('content-type') ?? '').split(';', 1);
  const mediaType = sent.trim().toLowerCase();
  if (type === 'form' && mediaType !== 'application/x-www-form-urlencoded') {
    throw unsupported('Content-Type', 'Send the body as a form, with Content-Type: application/x-www-form-urlencoded.');
  }
  if (type === 'json' && !JSON_TYPE.test(mediaType)) {
    throw unsupported('Content-Type', 'Send the body as JSON, with Content-Type: application/json.');
  }
}

async function readBytes(context: RequestContext, limit: number): Promise<Buffer> {
  const { signal } = context;
  const length = lengthOf(context);
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const body = getRawBody(context.rawBody, { limit, ...(length === undefined ? {} : { length }) });
    return await Promise.race([body, ended.promise]);
  } catch (error) {
    if (signal.aborted) {
      // The rest of the body is not read, so the connection cannot be reused.
      context.replyHeaders.Connection = 'close';
      throw error;
    }
    const { type } = error as { type?: string };
    if (type === 'entity.too.large') {
      // The rest of the body is not read, so the connection cannot be reused.
      context.replyHeaders.Connection = 'close';
      throw new ServerError('PAYLOAD_TOO_LARGE', `The body is larger than ${limit} bytes.`, {
        param: 'body',
        cause: error,
      });
    }
    throw invalid('The body did not arrive whole.', { cause: error, ...(type === undefined ? {} : { detail: type }) });
  } finally {
    signal.removeEventListener('abort', end);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function toText(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    // Replacement characters would change the body silently.
    throw invalid('The body is not valid UTF-8.', { cause });
  }
}

function requireBounds(text: string, bounds: JsonBounds): void {
  const fault = scanJson(text, bounds);
  if (fault === undefined) return;
  const where = fault.path === '' ? 'The body' : `'${fault.path}'`;
  throw new ServerError('INVALID_REQUEST', `${where} ${fault.problem}.`, { param: fault.path || 'body' });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid('The body is not valid JSON.');
  }
}

const invalid = (message: string, more: { cause?: unknown; detail?: string } = {}): ServerError =>
  new ServerError('INVALID_REQUEST', message, { param: 'body', ...more });

const unsupported = (param: string, message: string): ServerError =>
  new ServerError('UNSUPPORTED_MEDIA_TYPE', message, { param });
