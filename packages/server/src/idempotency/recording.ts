/** A stream that is read to its end even without followers. Each follower gets all of it. */
export interface Recording {
  /** Yields everything from the beginning, as it arrives. Rejects as the stream does. */
  follow(): AsyncGenerator<Uint8Array>;
  /** Resolves when the stream has ended in any way and `settle` has finished. */
  readonly settled: Promise<void>;
}

/**
 * Starts to read a stream.
 *
 * @param settle called before the end is passed on, with the whole stream, or with undefined if it failed; must not
 * throw
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
