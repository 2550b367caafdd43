import { ConnectionError, LatchkeyError } from './errors.ts';

/** The longest `Retry-After` that is waited for. */
const LONGEST_WAIT_SECONDS = 60;
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const KEY = 'Idempotency-Key';

export const timedOut = (url: string): ConnectionError =>
  new ConnectionError(url, { code: 'timed_out', message: `No answer came from ${url} in time.` });

/** Aborts `act` after the timeout. Reading the answer's body afterwards is not limited. */
export async function withTimeout<T>(
  url: string,
  milliseconds: number | undefined,
  init: RequestInit,
  act: (init: RequestInit) => Promise<T>,
): Promise<T> {
  if (milliseconds === undefined) return act(init);
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(timedOut(url)), milliseconds);
  const signal = init.signal == null ? over.signal : AbortSignal.any([init.signal, over.signal]);
  try {
    return await act({ ...init, signal });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Repeats a request that the server refused with a `Retry-After`. All attempts of a request that changes something have
 * the same idempotency key, so that it is done once.
 */
export async function withRetries<T>(
  retries: number,
  init: RequestInit,
  act: (init: RequestInit) => Promise<T>,
): Promise<T> {
  const keyed = retries === 0 ? init : withKey(init);
  for (let left = retries; ; left -= 1) {
    try {
      return await act(keyed);
    } catch (error) {
      if (left <= 0 || !(error instanceof LatchkeyError) || !mayRepeat(error, init)) throw error;
      await wait((error.retryAfterSeconds ?? 0) * 1000, init.signal ?? undefined);
    }
  }
}

function withKey(init: RequestInit): RequestInit {
  if (READING.has((init.method ?? 'GET').toUpperCase())) return init;
  const headers = new Headers(init.headers);
  if (!headers.has(KEY)) headers.set(KEY, crypto.randomUUID());
  return { ...init, headers };
}

function mayRepeat({ status, retryAfterSeconds }: LatchkeyError, { body }: RequestInit): boolean {
  if (retryAfterSeconds === undefined || retryAfterSeconds > LONGEST_WAIT_SECONDS) return false;
  if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body) return false;
  return status === 429 || status === 503;
}

async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal?.reason);
  const timer = setTimeout(resolve, milliseconds);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
