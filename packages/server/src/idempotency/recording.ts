/** A stream that is read to its end whether anything follows it or not, and whole by each that does. */
export interface Recording {
  /** Everything from the beginning, as it comes. Rejects as the stream does. */
  follow(): AsyncGenerator<Uint8Array>;
  /** Resolves when the stream has ended, in whatever way, and its end is settled. */
  readonly settled: Promise<void>;
}

/**
 * Begins to read a stream.
 *
 * @param settle given all of it, or undefined when it failed, before the end is passed on; it must not throw
 */
export function record(
  source: AsyncIterable<string | Uint8Array>,
  settle: (whole: Uint8Array | undefined) => Promise<void>,
): Recording {
  const chunks: Uint8Array[] = [];
  let more = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;
  let isOver = false;
  const read = async (): Promise<void> => {
    try {
      for await (const chunk of source) {
        chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
        more.resolve();
        more = Promise.withResolvers();
      }
    } catch (error) {
      failure = { error };
    }
    await settle(failure === undefined ? Buffer.concat(chunks) : undefined);
    isOver = true;
    more.resolve();
  };
  return {
    settled: read(),
    async *follow() {
      for (let next = 0; ; next += 1) {
        while (next >= chunks.length && !isOver) await more.promise;
        const chunk = chunks[next];
        if (chunk === undefined) break;
        yield chunk;
      }
      if (failure !== undefined) throw failure.error;
    },
  };
}
