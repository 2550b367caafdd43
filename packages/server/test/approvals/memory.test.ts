import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { openTestApprovals } from '../scripted/approvals.ts';
import { openApprovalTables } from '../scripted/databases.ts';

const CALLS = 1000;
const ARGUMENT_BYTES = 2000;
/** What a call that waits may hold, beside its arguments and a copy of them; docs/mcp.md states it. */
const BYTES_EACH = 16_384;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function heapBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

it('a thousand calls that wait hold a bounded number of bytes each, and none of them once they have ended', async () => {
  const approvals = openTestApprovals(await openApprovalTables(), { clock: () => new Date(), seconds: 60 });
  onTestFinished(() => approvals[Symbol.asyncDispose]());

  async function wait(calls: number): Promise<{ readonly held: number; readonly left: number }> {
    const before = heapBytes();
    const tool = `write-${calls}`;
    const leaving = new AbortController();
    const asked = Array.from({ length: calls }, (_, index) => {
      const waiting = Promise.withResolvers<void>();
      const root = `root-${index}`;
      const outcome = approvals.pending.ask({
        principal: { rootId: root, id: root, name: 'agent', owner: 'ada', chain: [root] },
        server: 'mcp/a',
        tool,
        // Of its own, and not one text for all.
        arguments: { text: Buffer.alloc(ARGUMENT_BYTES, index).toString('latin1') },
        argumentNames: [],
        reasons: [],
        responseId: 'resp_1',
        refusalOf: () => undefined,
        onWaiting: async () => waiting.resolve(),
        signal: leaving.signal,
      });
      return { waiting: waiting.promise, outcome };
    });
    await Promise.all(asked.map(({ waiting }) => waiting));
    // Those that watch look at all that waits, as often as they like.
    for (let look = 0; look < 3; look += 1) {
      const { length } = await approvals.desk.list((call) => call.tool === tool);
      expect(length).toBe(calls);
    }
    const held = heapBytes() - before;
    leaving.abort(new Error('gone'));
    await Promise.all(asked.map(({ outcome }) => outcome));
    asked.length = 0;
    return { held, left: heapBytes() - before };
  }

  // What is loaded and compiled once is no call's.
  await wait(10);
  const { held, left } = await wait(CALLS);
  expect(held).toBeLessThan(CALLS * (2 * ARGUMENT_BYTES + BYTES_EACH));
  expect(left).toBeLessThan((CALLS * BYTES_EACH) / 8);
}, 180_000);
