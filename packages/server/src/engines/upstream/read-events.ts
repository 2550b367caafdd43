/** The longest event, in characters; the arguments of a tool call arrive in pieces. */
const MOST_CHARACTERS = 1_048_576;

/** Why a stream ended early: it was cut off, sent too long an event, or was silent for too long. */
export class BrokenStream extends Error {
  override readonly name = 'BrokenStream';
}

/**
 * Yields the data of each event of an event stream (WHATWG HTML, "Server-sent events"). A character that is split
 * across two chunks is joined again; an event without an end is not yielded.
 *
 * @param patienceMilliseconds how long to wait for the next bytes
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  patienceMilliseconds: () => number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let pending = '';
  let data: string[] = [];
  let size = 0;
  try {
    for (;;) {
      const { value, done } = await soon(reader.read(), patienceMilliseconds());
      if (done) return;
      pending += decoder.decode(value, { stream: true });
      const lines = pending.split(/\r\n|\n|\r(?!$)/);
      pending = lines.pop() ?? '';
      for (const line of lines) {
        size += line.length;
        if (line === '') {
          if (data.length > 0) yield data.join('\n');
          data = [];
          size = 0;
        } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
        if (size > MOST_CHARACTERS) throw new BrokenStream('it sent an event that is too long');
      }
      if (pending.length > MOST_CHARACTERS) throw new BrokenStream('it sent a line that is too long');
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function soon<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new BrokenStream(`it said nothing for ${milliseconds / 1000} seconds`)),
    milliseconds,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
  }
}
