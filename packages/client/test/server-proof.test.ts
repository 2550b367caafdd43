import { describe, expect, it } from 'vitest';
import { askServer } from '../src/index.ts';

describe('a server that is asked who it is', () => {
  const ask = (body: string | ReadableStream<Uint8Array>) =>
    askServer('http://127.0.0.1:1', { fetch: async () => new Response(body) });

  it('has proven nothing with an answer that never ends, of which no more than a little is read', async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        // So that a reader without a bound ends as well.
        if (sent > 10_000_000) controller.close();
        sent += 1000;
        controller.enqueue(new Uint8Array(1000).fill(0x20));
      },
    });
    expect(await ask(endless)).toEqual({ type: 'unproven' });
    expect(sent).toBeLessThan(100_000);
  });

  it.each(['', 'ok', 'null', '[]', '{"proof":null}', '{"proof":{"key":"a","signature":1}}'])(
    'has proven nothing with %j',
    async (body) => expect(await ask(body)).toEqual({ type: 'unproven' }),
  );
});
