import type { PinStore } from '@latchkey/mcp-bridge';
import { describe, expect, it } from 'vitest';
import { recentPins } from '../../src/mcp-pins/recent-pins.ts';

const pin = (tool: string, fingerprint: string) => ({ tool, fingerprint, definition: tool });

/** A store that counts its reads, behind one that remembers, and a clock. */
function setUp() {
  const pins = new Map<string, Map<string, string>>();
  const add = (server: string, added: Parameters<PinStore['approve']>[1]): void => {
    const before = pins.get(server) ?? [];
    pins.set(server, new Map([...before, ...added.map(({ tool, fingerprint }) => [tool, fingerprint] as const)]));
  };
  const clock = { now: 0 };
  const test = { reads: 0, fails: false };
  const store: PinStore = {
    async fingerprints(server) {
      test.reads += 1;
      if (test.fails) throw new Error('the disk is gone');
      return pins.get(server);
    },
    definitions: async () => new Map(),
    begin: async (server, added) => add(server, added),
    approve: async (server, added) => add(server, added),
  };
  return { test, clock, store, recent: recentPins(store, () => clock.now) };
}

describe('pins that were read a moment ago', () => {
  it('are not read again within a second, and are after it', async () => {
    const { test, clock, store, recent } = setUp();
    await recent.begin('mcp/a', [pin('read', '1')]);
    for (clock.now = 0; clock.now < 1000; clock.now += 100) await recent.fingerprints('mcp/a');
    expect(test.reads).toBe(1);
    await store.approve('mcp/a', [pin('read', '2')]);
    expect(await recent.fingerprints('mcp/a')).toEqual(new Map([['read', '2']]));
    expect(test.reads).toBe(2);
  });

  it('are read again when something was approved here', async () => {
    const { recent } = setUp();
    await recent.begin('mcp/a', [pin('read', '1')]);
    await recent.fingerprints('mcp/a');
    await recent.approve('mcp/a', [pin('read', '2')]);
    expect(await recent.fingerprints('mcp/a')).toEqual(new Map([['read', '2']]));
  });

  it('are read again when something was approved here while they were read', async () => {
    const { store, recent } = setUp();
    await recent.begin('mcp/a', [pin('read', '1')]);
    const { promise: slow, resolve: goOn } = Promise.withResolvers<void>();
    const { fingerprints } = store;
    store.fingerprints = async (server) => {
      const read = new Map(await fingerprints(server));
      await slow;
      return read;
    };
    const reading = recent.fingerprints('mcp/a');
    await recent.approve('mcp/a', [pin('read', '2')]);
    goOn();
    await reading;
    expect(await recent.fingerprints('mcp/a')).toEqual(new Map([['read', '2']]));
  });

  it('are each of its own server', async () => {
    const { recent } = setUp();
    await recent.begin('mcp/a', [pin('read', '1')]);
    await recent.fingerprints('mcp/a');
    expect(await recent.fingerprints('mcp/b')).toBeUndefined();
  });

  it('are asked for each time while nothing was approved, and after a failure', async () => {
    const { test, recent } = setUp();
    await recent.fingerprints('mcp/a');
    await recent.fingerprints('mcp/a');
    expect(test.reads).toBe(2);
    test.fails = true;
    await expect(recent.fingerprints('mcp/a')).rejects.toThrow('the disk is gone');
    test.fails = false;
    await recent.begin('mcp/a', []);
    expect(await recent.fingerprints('mcp/a')).toEqual(new Map());
  });
});
