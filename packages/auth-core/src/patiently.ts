import { StoreUnavailableError } from './errors.ts';

/**
 * Waits for an answer for at most the given number of milliseconds.
 *
 * @throws {AuthError} `AUTH_STORE_UNAVAILABLE` when there was no answer by then
 */
export async function patiently<T>(call: () => Promise<T>, milliseconds: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new StoreUnavailableError(new Error(`there was no answer within ${milliseconds} ms`)));
  }, milliseconds);
  return Promise.race([call(), late]).finally(() => clearTimeout(timer));
}

/** Waits for a number of milliseconds, or until the signal fires. It does not keep the process alive. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  // Outside Node and compatible runtimes, a timer is a number.
  (timer as { unref?: () => void }).unref?.();
  const wake = () => resolve();
  signal.addEventListener('abort', wake);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', wake);
}
