import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMcpHost, parseMcpJson, type TransportOpener } from '../../src/index.ts';
import { scriptedOpener } from '../../src/testing/index.ts';
import { allowAll, call, memoryHost, open } from '../hosting.ts';

describe('starting', () => {
  it('starts nothing before a request needs it, and only what it needs', async () => {
    await using host = memoryHost({ a: [], b: [] });
    expect(host.starts).toEqual([]);
    await open(host, 'mcp/a');
    expect(host.starts).toEqual(['a']);
    expect(host.servers().map(({ state }) => state)).toEqual(['ready', 'stopped']);
  });

  it('starts a server once for all requests that wait for it', async () => {
    await using host = memoryHost({ a: [] });
    await Promise.all([open(host, 'mcp/a'), open(host, 'mcp/a'), open(host, 'mcp/a')]);
    await open(host, 'mcp/a');
    expect(host.starts).toEqual(['a']);
  });

  it('goes on for the others when one request gives up', async () => {
    await using host = memoryHost({ a: [] });
    const controller = new AbortController();
    const impatient = host.openToolset([{ server: 'mcp/a' }], allowAll, controller.signal);
    const patient = open(host, 'mcp/a');
    controller.abort(new Error('gone'));
    await expect(impatient).rejects.toThrow('gone');
    expect((await patient).tools).not.toHaveLength(0);
  });

  it('does not start a server with an incomplete configuration, and says what is missing', async () => {
    const config = parseMcpJson(`{"mcpServers": {"a": {"command": "x", "args": ["\${KEY}"]}}}`, {});
    const starts: string[] = [];
    await using host = createMcpHost({ config, opener: scriptedOpener((label) => starts.push(label)) });
    await expect(open(host, 'mcp/a')).rejects.toMatchObject({
      code: 'MCP_CONNECTION_FAILED',
      message: expect.stringContaining('mcpServers.a.args[0]: the environment variable KEY is not set'),
    });
    expect(host.servers()[0]?.error).toContain('KEY');
    expect(starts).toEqual([]);
  });

  it('opens several servers at once', async () => {
    const waiting = new Set<string>();
    let letGo = (): void => {};
    const bothWait = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const inner = scriptedOpener();
    const opener: TransportOpener = (entry, options) => {
      const opened = inner(entry, options);
      const start = opened.transport.start.bind(opened.transport);
      opened.transport.start = async () => {
        waiting.add(entry.label);
        if (waiting.size === 2) letGo();
        await bothWait;
        await start();
      };
      return opened;
    };
    await using host = memoryHost({ a: [], b: [] }, { opener });
    await open(host, [{ server: 'mcp/a' }, { server: 'mcp/b' }]);
    expect([...waiting].sort()).toEqual(['a', 'b']);
  });
});

describe('a server that keeps failing', () => {
  it('is started again at once, then only after a short while, which a request waits for', async () => {
    let now = 0;
    await using host = memoryHost({ a: ['die-at-start'] }, { now: () => now, random: () => 0 });
    await expect(open(host, 'mcp/a')).rejects.toThrow('could not be started');
    await expect(open(host, 'mcp/a')).rejects.toThrow('could not be started');
    expect(host.starts).toHaveLength(2);
    expect(host.servers()[0]).toMatchObject({ state: 'backoff', error: 'it ended with code 1' });
    now += 490;
    const waiting = open(host, 'mcp/a').catch((error) => error);
    expect(host.starts).toHaveLength(2);
    expect(await waiting).toMatchObject({ message: expect.stringContaining('could not be started') });
    expect(host.starts).toHaveLength(3);
  });

  it('is tried once every half minute after five failures, by whoever asks next', async () => {
    let now = 0;
    await using host = memoryHost({ a: ['die-at-start'] }, { now: () => now, random: () => 0 });
    const fail = () => expect(open(host, 'mcp/a')).rejects.toMatchObject({ code: 'MCP_CONNECTION_FAILED' });
    for (const wait of [0, 500, 1_000, 2_000, 0]) {
      await fail();
      now += wait;
    }
    expect(host.servers()[0]?.state).toBe('failed');
    await fail();
    expect(host.starts).toHaveLength(5);
    now += 30_000;
    await Promise.all([fail(), fail(), fail()]);
    expect(host.starts).toHaveLength(6);
    expect(host.servers()[0]?.state).toBe('failed');
  });

  it('makes its calls unavailable meanwhile', async () => {
    let now = 0;
    await using host = memoryHost({ a: [] }, { now: () => now });
    const toolset = await open(host, 'mcp/a');
    for (let time = 0; time < 5; time += 1) {
      await call(toolset, 'die');
      now += 2_000;
    }
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({
      type: 'failure',
      kind: 'unavailable',
      reason: expect.stringMatching(
        /keeps failing \(it ended with code 3\) and will not be started for another \d\d s/,
      ),
    });
    expect(host.starts).toHaveLength(5);
  });
});

describe('a server that is started again', () => {
  it('is not called when it no longer offers the tool that the model was shown', async () => {
    const inner = scriptedOpener();
    let starts = 0;
    const opener: TransportOpener = (entry, options) => {
      starts += 1;
      return inner(starts === 1 ? entry : ({ ...entry, args: ['many-tools'] } as typeof entry), options);
    };
    await using host = memoryHost({ a: [] }, { opener });
    const toolset = await open(host, 'mcp/a');
    await call(toolset, 'die');
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({
      kind: 'unavailable',
      reason: 'The tool has changed since this request began.',
    });
  });
});

describe('a host that is closed', () => {
  it('opens nothing any more', async () => {
    const host = memoryHost({ a: [] });
    await host[Symbol.asyncDispose]();
    await expect(open(host, 'mcp/a')).rejects.toMatchObject({ code: 'MCP_CLOSED' });
    await expect(open(host, [])).rejects.toMatchObject({ code: 'MCP_CLOSED' });
    expect(host.starts).toEqual([]);
  });

  it('ends the calls in flight as unavailable', async () => {
    const host = memoryHost({ a: [] });
    const toolset = await open(host, 'mcp/a');
    const waiting = call(toolset, 'hang');
    await call(toolset, 'echo', { text: 'the call before is on its way' });
    await host[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ type: 'failure', kind: 'unavailable' });
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'failure', kind: 'unavailable' });
  });
});

describe('time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends a start after the start timeout', async () => {
    await using host = memoryHost({ a: ['silent'] }, { limits: { startTimeoutMs: 5_000 } });
    const opening = open(host, 'mcp/a').catch((error) => error);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(host.servers()[0]?.state).toBe('starting');
    await vi.advanceTimersByTimeAsync(1);
    expect(await opening).toMatchObject({ code: 'MCP_CONNECTION_FAILED' });
    expect(host.servers()[0]).toMatchObject({ state: 'stopped', error: 'it took too long' });
  });

  it('stops a server that nobody has used for a while, and starts it again for the next call', async () => {
    await using host = memoryHost({ a: [] }, { limits: { idleStopMs: 60_000 } });
    const toolset = await open(host, 'mcp/a');
    await vi.advanceTimersByTimeAsync(59_000);
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'success' });
    await vi.advanceTimersByTimeAsync(59_000);
    expect(host.servers()[0]?.state).toBe('ready');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(host.servers()[0]).toMatchObject({ state: 'stopped' });
    expect(host.servers()[0]?.error).toBeUndefined();
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'success' });
    expect(host.starts).toHaveLength(2);
  });

  it('does not stop a server in the middle of a call', async () => {
    await using host = memoryHost({ a: [] }, { limits: { idleStopMs: 1_000, callTimeoutMs: 60_000 } });
    const toolset = await open(host, 'mcp/a');
    const waiting = call(toolset, 'hang');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(host.servers()[0]?.state).toBe('ready');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await waiting).toMatchObject({ kind: 'timeout' });
  });

  it('does not let one that hangs delay the list of another', async () => {
    await using host = memoryHost({ slow: ['silent'], fast: [] });
    const slow = open(host, 'mcp/slow').catch((error) => error);
    const fast = open(host, 'mcp/fast');
    await vi.advanceTimersByTimeAsync(100);
    expect((await fast).tools).not.toHaveLength(0);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await slow).toMatchObject({ code: 'MCP_CONNECTION_FAILED' });
  });
});

describe('limits', () => {
  it('must be numbers above zero', () => {
    expect(() => memoryHost({}, { limits: { callTimeoutMs: 0 } })).toThrow(
      new TypeError('limits.callTimeoutMs must be above 0 and at most 2147483647'),
    );
  });
});
