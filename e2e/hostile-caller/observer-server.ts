// A separate process that observes a server under attack: how long `GET /health` takes, how long a stream of a
// bystander is silent, and how long this machine alone makes a request wait (to an idle server). It is started with a
// channel, over which it receives what to observe and reports the result on request.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What to observe. */
export interface Watched {
  readonly url: string;
  readonly token: string;
  readonly model: string;
}

/** The result, in milliseconds. */
export interface Seen {
  /** Each request for `/health`, in order. */
  readonly health: readonly number[];
  /** Requests to an idle server at the same moments. */
  readonly machine: readonly number[];
  /** The longest time between two pieces of one stream of the bystander. */
  readonly longestGap: number;
  /** The longest delay of a timer that the machine alone caused. */
  readonly longestMachineGap: number;
  /** How many streams of the bystander completed, and why the others did not. */
  readonly streams: number;
  readonly broken: readonly string[];
}

const health: number[] = [];
const machine: number[] = [];
const broken: string[] = [];
let [longestGap, longestMachineGap, streams] = [0, 0, 0];
const stopping = new AbortController();

process.once('message', (message) => {
  const watched = message as Watched;
  void Promise.all([probe(watched), listen(watched), watchClock()]).then(() => {
    const seen: Seen = { health, machine, longestGap, longestMachineGap, streams, broken };
    process.send?.(seen, () => process.exit(0));
  });
  process.once('message', () => stopping.abort());
});
process.once('disconnect', () => process.exit(1));

async function probe({ url }: Watched): Promise<void> {
  const idle = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await new Promise((resolve) => idle.once('listening', resolve));
  const control = `http://127.0.0.1:${(idle.address() as AddressInfo).port}`;
  while (!stopping.signal.aborted) {
    await delay(50);
    const [ours, theirs] = await Promise.all([timed(`${url}/health`), timed(control)]);
    health.push(ours);
    machine.push(theirs);
  }
  idle.close();
  idle.closeAllConnections();
}

async function timed(url: string): Promise<number> {
  const startedAt = performance.now();
  try {
    await (await fetch(url, { signal: AbortSignal.timeout(30_000) })).text();
  } catch {
    return 30_000;
  }
  return performance.now() - startedAt;
}

/** A bystander: chats with the same model, one stream after the other. */
async function listen({ url, token, model }: Watched): Promise<void> {
  while (!stopping.signal.aborted) {
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({
          model,
          stream: true,
          max_tokens: 200,
          messages: [{ role: 'user', content: 'What is the capital of France?' }],
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'long', schema: { type: 'array', items: { type: 'boolean' }, minItems: 100 } },
          },
        }),
        signal: AbortSignal.timeout(120_000),
      });
      if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status} ${await response.text()}`);
      let last: number | undefined;
      for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
        const now = performance.now();
        if (last !== undefined) longestGap = Math.max(longestGap, now - last);
        last = now;
        if (piece.includes('"error"')) throw new Error(piece.slice(0, 300));
      }
      streams += 1;
    } catch (error) {
      broken.push(error instanceof Error ? error.message : String(error));
      await delay(100);
    }
  }
}

async function watchClock(): Promise<void> {
  while (!stopping.signal.aborted) {
    const startedAt = performance.now();
    await delay(20);
    longestMachineGap = Math.max(longestMachineGap, performance.now() - startedAt - 20);
  }
}
