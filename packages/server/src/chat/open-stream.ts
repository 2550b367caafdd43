import type { ChatEvent } from '../contracts/chat-event.ts';

/** The events before the engine takes the prompt. */
const PRELUDE: readonly ChatEvent['type'][] = [
  'chat.start',
  'tools.listed',
  'model_load.start',
  'model_load.progress',
  'model_load.end',
  'prompt.start',
];

/**
 * Reads a chat's events up to the first one after the engine has taken the prompt, and throws an error that occurs
 * before it: a refusal becomes an answer with a status instead of an event in a stream that began well. The result
 * repeats the events that were read. If loading the model or waiting for a place takes longer than
 * `patienceMilliseconds`, the stream is returned at once, so that the caller sees progress; a later refusal is then an
 * event.
 *
 * @param begin begins the chat; its signal fires when the caller's does, and when the reader leaves
 */
export async function openStream(
  begin: (signal: AbortSignal) => AsyncGenerator<ChatEvent>,
  patienceMilliseconds: number,
  signal: AbortSignal,
): Promise<AsyncGenerator<ChatEvent>> {
  const leaving = new AbortController();
  const events = begin(AbortSignal.any([signal, leaving.signal]));
  const read: ChatEvent[] = [];
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), patienceMilliseconds);
  let pending: Promise<IteratorResult<ChatEvent>> | undefined;
  try {
    for (;;) {
      pending = events.next();
      // Without a handler here, a failure before the next read would count as an unhandled rejection.
      pending.catch(() => {});
      const next = await Promise.race([pending, late.promise]);
      if (next === 'late') break;
      pending = undefined;
      if (next.done) break;
      if (next.value.type === 'error') {
        await events.return(undefined);
        throw next.value.error;
      }
      read.push(next.value);
      if (!PRELUDE.includes(next.value.type)) break;
    }
  } finally {
    clearTimeout(timer);
  }
  let isRead = false;
  let drained: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    const first = await pending;
    if (first !== undefined && !first.done) read.push(first.value);
    for await (const event of events) read.push(event);
  };
  const leave = (): void => {
    // The stream was not read and perhaps never will be; what the chat holds must still be released.
    if (isRead) return;
    drained = drain();
    drained.catch(() => {});
  };
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  return (async function* resume() {
    isRead = true;
    try {
      await drained;
      yield* read;
      if (drained !== undefined) return;
      const next = await pending;
      if (next !== undefined && !next.done) yield next.value;
      yield* events;
    } finally {
      leaving.abort(new Error('the reader has left'));
      await events.return(undefined);
    }
  })();
}
