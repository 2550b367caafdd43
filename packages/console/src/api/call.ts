import { strings } from '../strings.ts';
import { ApiError } from './api-error.ts';
import { keptSession } from './session-store.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface CallOptions {
  readonly body?: unknown;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** Whether the server must stop when the signal fires. */
  readonly endsWithPage?: boolean;
}

/** Where sessions begin. */
export const SESSIONS_PATH = '/api/v1/sessions';

const listeners = new Set<() => void>();

/** Calls a listener when the server no longer accepts the session. */
export function onUnauthenticated(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Sends a request to the server's API, as any other client does. The header with the page key is what a page of
 * another origin cannot send, and the cookie is what a script cannot read; the server requires both.
 */
export async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
  const answer = await send(method, path, options);
  const text = await textOf(answer, options.signal);
  try {
    return (text === '' ? undefined : JSON.parse(text)) as T;
  } catch {
    // A proxy may answer in place of the server.
    throw new ApiError(answer.status, 'not_json', strings.errors.notJson);
  }
}

/** Sends a request and returns its answer, whose body may be a stream. */
export async function send(
  method: Method,
  path: string,
  { body, accept, signal, endsWithPage = false }: CallOptions = {},
): Promise<Response> {
  const headers = new Headers({ 'Latchkey-Page-Key': keptSession()?.pageKey ?? 'none' });
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  if (accept !== undefined) headers.set('Accept', accept);
  // A request that is sent again after a lost answer is carried out once. It goes on without its caller, too.
  if (method !== 'GET' && !endsWithPage) headers.set('Idempotency-Key', randomKey());
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'unreachable', strings.errors.unreachable);
  }
  if (answer.ok) return answer;
  const error = await readError(answer);
  // A refused sign-in says nothing about the session that there is.
  const isSignIn = method === 'POST' && path === SESSIONS_PATH;
  if (answer.status === 401 && !isSignIn) for (const listener of listeners) listener();
  throw error;
}

async function textOf(answer: Response, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await answer.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'unreachable', strings.errors.unreachable);
  }
}

async function readError(answer: Response): Promise<ApiError> {
  try {
    const { error } = (await answer.json()) as { error?: { code?: unknown; message?: unknown; param?: unknown } };
    const { code, message, param } = error ?? {};
    const words = typeof message === 'string' ? message : strings.errors.status(answer.status);
    return new ApiError(answer.status, String(code ?? ''), words, typeof param === 'string' ? param : undefined);
  } catch {
    return new ApiError(answer.status, '', strings.errors.status(answer.status));
  }
}

/** `crypto.randomUUID` is missing where the page came without TLS. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
