import type { Context } from 'koa';
import getRawBody from 'raw-body';
import { ServerError } from '../contracts/server-error.ts';
import { type JsonBounds, scanJson } from '../input/scan-json.ts';
import type { RouteBody } from './route.ts';

/**
 * The one place where bodies are read. Throws ServerError `UNSUPPORTED_MEDIA_TYPE` (a web page can post most other types
 * without asking first), `PAYLOAD_TOO_LARGE`, `INVALID_REQUEST`; nothing was made of the body's values then. What does not come
 * is waited for until `signal` fires, whose reason is thrown.
 */
export async function readBody(
  ctx: Context,
  { type, bytes, bounds, optional }: RouteBody,
  signal: AbortSignal,
): Promise<unknown> {
  // A body that is sent in chunks has no length, and counts all the same.
  if (optional && (ctx.is() === null || ctx.request.length === 0)) return {};
  requireType(ctx, type);
  const text = toText(await readBytes(ctx, bytes, signal));
  if (type === 'form') return new URLSearchParams(text);
  requireBounds(text, bounds);
  return type === 'json' ? parse(text) : text;
}

function requireType(ctx: Context, type: RouteBody['type']): void {
  const encoding = ctx.get('Content-Encoding');
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw unsupported('Content-Encoding', 'Send the body as it is: compressed ones are not taken.');
  }
  if (type === 'form' && !ctx.is('application/x-www-form-urlencoded')) {
    throw unsupported('Content-Type', 'Send the body as a form, with Content-Type: application/x-www-form-urlencoded.');
  }
  if (type === 'json' && !ctx.is('json', '+json')) {
    throw unsupported('Content-Type', 'Send the body as JSON, with Content-Type: application/json.');
  }
}

async function readBytes(ctx: Context, limit: number, signal: AbortSignal): Promise<Buffer> {
  const length = ctx.request.length;
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const body = getRawBody(ctx.req, { limit, ...(length === undefined ? {} : { length }) });
    return await Promise.race([body, ended.promise]);
  } catch (error) {
    if (signal.aborted) {
      // What is still to come is not read; the connection cannot be used again.
      ctx.set('Connection', 'close');
      throw error;
    }
    const { type } = error as { type?: string };
    if (type === 'entity.too.large') {
      // What is still to come is not read; the connection cannot be used again.
      ctx.set('Connection', 'close');
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
    // Replacing what cannot be read would change it without a word.
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
