/** The most that one event may have; the arguments of a tool call come in pieces. */
const MOST_CHARACTERS = 1_048_576;

/** What a stream broke off with: it was cut, too long, or silent for too long. */
export class BrokenStream extends Error {
  override readonly name = 'BrokenStream';
}

/**
 * The data of each event of an event stream (WHATWG HTML, "Server-sent events"), as far as its end. A character that was
 * cut in two by the network is whole again; an event that has no end is none.
 *
 * @param patienceMilliseconds how long the next bytes may take
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
