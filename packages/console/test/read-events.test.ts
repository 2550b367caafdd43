import { describe, expect, it } from 'vitest';
import { readEvents } from '../src/api/read-events.ts';

/** An answer that comes in these pieces. */
function answer(...pieces: readonly string[]): Response {
  return inBytes(pieces.map((piece) => new TextEncoder().encode(piece)));
}

const inBytes = (bytes: readonly Uint8Array[]): Response =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const one of bytes) controller.enqueue(one);
        controller.close();
      },
    }),
  );

const all = (response: Response) => Array.fromAsync(readEvents(response));

describe('the events of a stream', () => {
  it('are read however they are cut into pieces', async () => {
    const text = ': watching\n\nevent: a\ndata: {"x": "é"}\n\ndata: two\n\n';
    const bytes = [...new TextEncoder().encode(text)].map((byte) => Uint8Array.of(byte));
    expect(await all(inBytes(bytes))).toEqual(['{"x": "é"}', 'two']);
  });

  it('leave out one that was cut off at the end', async () => {
    expect(await all(answer('data: one\n\ndata: tw'))).toEqual(['one']);
  });

  it('join the lines of one event', async () => {
    expect(await all(answer('data: one\ndata: two\n\n'))).toEqual(['one\ntwo']);
  });
});
