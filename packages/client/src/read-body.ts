/** Whether the text of a body is complete, or why it is not. */
export type BodyEnd = 'whole' | 'too-large' | 'too-slow';

/**
 * Reads a body up to a bound of bytes and of time; anything beyond either is discarded.
 *
 * @throws the signal's reason when it is aborted; the body's error when the connection is cut
 */
export async function readBody(
  response: Response,
  bounds: { readonly bytes: number; readonly milliseconds: number },
  signal: AbortSignal | undefined,
): Promise<{ readonly text: string; readonly end: BodyEnd }> {
  signal?.throwIfAborted();
  const reader = response.body?.getReader();
  if (reader === undefined) return { text: '', end: 'whole' };
  const { promise: stopped, resolve, reject } = Promise.withResolvers<'too-slow'>();
  // The rejection may arrive after the race has ended.
  stopped.catch(() => undefined);
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => resolve('too-slow'), bounds.milliseconds);
  const decoder = new TextDecoder();
  let text = '';
  let room = bounds.bytes;
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), stopped]);
      if (next === 'too-slow') return { text, end: next };
      if (next.done) return { text: text + decoder.decode(), end: 'whole' };
      text += decoder.decode(next.value.subarray(0, room), { stream: true });
      room -= next.value.length;
      if (room < 0) return { text, end: 'too-large' };
    }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    reader.cancel().catch(() => undefined);
  }
}
