import { describe, expect, it } from 'vitest';
import { capEvents } from '../../src/transport/cap-events.ts';
import { maxUnsolicitedPerSecond } from '../../src/transport/traffic-guard.ts';

function stream(chunks: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
}

async function readAll(chunks: string[], eventBytes = 20): Promise<{ text: Promise<string>; ends: () => number }> {
  let ended = 0;
  const onEnd = (): void => {
    ended += 1;
  };
  const text = new Response(capEvents(stream(chunks), { eventBytes, now: () => 0, onEnd })).text();
  await text.catch(() => {});
  return { text, ends: () => ended };
}

describe('capEvents', () => {
  it.each(['\n', '\r\n', '\r'])('lets any number of short events through, with lines that end in %j', async (end) => {
    const events = Array.from({ length: 50 }, (_, index) => `data: ${index}${end}${end}`);
    const { text, ends } = await readAll(events);
    expect(await text).toBe(events.join(''));
    expect(ends()).toBe(1);
  });

  it('ends at an event that is too long, however it is cut', async () => {
    const { text, ends } = await readAll(['data: 1\n\n', 'data: 01234\n', 'data: 01234\n', 'data: 0']);
    await expect(text).rejects.toThrow('an event is larger than 20 bytes');
    expect(ends()).toBe(1);
  });

  it('ends at a line that is too long', async () => {
    await expect((await readAll(['x'.repeat(21)])).text).rejects.toThrow('larger');
  });

  it('ends at a flood of events', async () => {
    const { text } = await readAll(['\n'.repeat(maxUnsolicitedPerSecond + 1)]);
    await expect(text).rejects.toThrow('in a second');
  });

  it('says that it is over when its reader gives it up', async () => {
    let ended = 0;
    const body = capEvents(stream(['a']), { eventBytes: 9, now: () => 0, onEnd: () => (ended += 1) });
    await body.cancel();
    expect(ended).toBe(1);
  });
});
