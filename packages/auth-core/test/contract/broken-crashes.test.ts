import { describe, expect, it } from 'vitest';
import { createMemoryAuditStore, createMemoryLimitStore, createMemoryTokenStore } from '../../src/index.ts';
import { type CrashStores, crashContract, writeUntilKilled } from '../../src/testing/index.ts';

const KILLED = new Error('killed');

/** A writer in this process, which ends by itself after far more than a round reads before it kills. */
function startWriter(stores: CrashStores) {
  async function* write() {
    const lines: string[] = [];
    const writing = writeUntilKilled(stores, (line) => {
      if (lines.push(line) === 200) throw KILLED;
    });
    await writing.catch((error: unknown) => {
      if (error !== KILLED) throw error;
    });
    yield* lines;
  }
  return { lines: write(), kill: () => undefined };
}

async function runWith(break_: (stores: CrashStores) => Partial<CrashStores>): Promise<void> {
  const stores = {
    tokens: createMemoryTokenStore(),
    limits: createMemoryLimitStore(),
    audit: createMemoryAuditStore(),
  };
  const [check] = crashContract(async () => ({
    open: async () => ({ ...stores, ...break_(stores) }),
    startWriter: async () => startWriter(stores),
    dispose: async () => undefined,
  }));
  await check?.run();
}

describe('the contract of crashes', () => {
  it.each<[what: string, break_: (stores: CrashStores) => Partial<CrashStores>, message: RegExp]>([
    ['a lost token', ({ tokens }) => ({ tokens: { ...tokens, find: async () => undefined } }), /got undefined/],
    [
      'a token of which half is there',
      ({ tokens }) => ({
        tokens: {
          ...tokens,
          list: async (filter) => (await tokens.list(filter)).map((record) => ({ ...record, notes: '' })),
        },
      }),
      /expected .*notes/,
    ],
    [
      'one count of two',
      ({ limits }) => ({ limits: { ...limits, read: async () => [200, 201] } }),
      /expected 201, got 200/,
    ],
    ['lost counts', ({ limits }) => ({ limits: { ...limits, read: async () => [0, 0] } }), /got 0/],
    ['an audit log that is not whole', ({ audit }) => ({ audit: { ...audit, read: async () => [] } }), /got false/],
    ['lost entries', () => ({ audit: createMemoryAuditStore() }), /got 0/],
  ])('notices %s', async (_, break_, message) => {
    await expect(runWith(break_)).rejects.toThrow(message);
  });
});
