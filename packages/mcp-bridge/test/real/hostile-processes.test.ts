import { execFile } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { BridgeLogger, McpHost, McpHostOptions, Toolset } from '../../src/index.ts';
import type { ScriptedMode } from '../../src/testing/index.ts';
import { call, open, processHost, runs } from '../hosting.ts';

const quick = { startTimeoutMs: 10_000, closeGraceMs: 200 };
/** For a server that hangs. */
const hasty = { limits: { ...quick, callTimeoutMs: 500, callTotalTimeoutMs: 1_500 } };

let host: McpHost;
afterEach(() => host[Symbol.asyncDispose]());

function hostOf(modes: ScriptedMode[], options: Partial<McpHostOptions> = {}): McpHost {
  host = processHost({ bad: modes, good: [] }, { limits: quick, ...options });
  return host;
}

async function expectGoodServerWorks(): Promise<void> {
  const good = await open(host, 'mcp/good');
  expect(await call(good, 'echo', { text: 'still here' })).toMatchObject({ type: 'success', text: 'still here' });
}

/** The process id of a grandchild, which is in the process group of the server. */
async function grandchildOf(toolset: Toolset): Promise<number> {
  const outcome = await call(toolset, 'grandchild');
  return Number(outcome.type === 'success' ? outcome.text : Number.NaN);
}

async function ended(pid: number): Promise<void> {
  await expect.poll(() => runs(pid)).toBe(false);
}

describe('a server that does not start', () => {
  it('fails with a message for the caller, and what it printed for the log', async () => {
    hostOf(['die-at-start']);
    const error = await open(host, 'mcp/bad').catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'MCP_CONNECTION_FAILED', server: 'mcp/bad' });
    expect(error.message).toBe('The MCP server "mcp/bad" could not be started: it ended with code 1.');
    expect(error.detail).toContain('there is no licence file');
    expect(host.servers()[0]).toMatchObject({ state: 'stopped', error: 'it ended with code 1' });
    await expectGoodServerWorks();
  });

  it.each<[object, string]>([
    [{ command: '/no/such/program' }, 'its command was not found, or cannot be run'],
    [{ command: 'no-such-program' }, 'its command was not found, or cannot be run'],
    [{ command: import.meta.filename }, 'its command was not found, or cannot be run'],
    [{ command: process.execPath, cwd: '/no/such/folder' }, 'its working folder ("cwd") was not found'],
    [{ command: process.execPath, cwd: import.meta.filename }, 'its working folder ("cwd") was not found'],
  ])('fails when it cannot be run, without quoting it to the caller: %j', async (entry, why) => {
    for (const sandbox of ['auto', 'off']) {
      await using hosting = processHost({ bad: { ...entry, sandbox } });
      await expect(open(hosting, 'mcp/bad')).rejects.toThrow(`"mcp/bad" could not be started: ${why}.`);
    }
  });

  it('fails in time when it never answers', async () => {
    hostOf(['silent', 'ignore-end'], { limits: { ...quick, startTimeoutMs: 8_000 } });
    await expect(open(host, 'mcp/bad')).rejects.toMatchObject({
      code: 'MCP_CONNECTION_FAILED',
      message: 'The MCP server "mcp/bad" could not be started: it took too long.',
    });
    await expectGoodServerWorks();
  });

  it('shows its operator what it printed until it took too long', async () => {
    const args = ['--eval', "process.stderr.write('fetching\\nno such package'); setInterval(() => {}, 1000)"];
    const limits = { ...quick, startTimeoutMs: 8_000 };
    await using hosting = processHost({ slow: { command: process.execPath, args } }, { limits });
    const failed = open(hosting, 'mcp/slow');
    await expect(failed).rejects.toThrow('could not be started: it took too long.');
    await expect(failed).rejects.not.toThrow('no such package');
    expect(hosting.output('mcp/slow')).toBe('fetching\nno such package');
  });

  it('fails in time when it never lists its tools', async () => {
    hostOf(['hang-list'], { limits: { ...quick, startTimeoutMs: 8_000 } });
    await expect(open(host, 'mcp/bad')).rejects.toThrow('did not list its tools: it took too long.');
    await expectGoodServerWorks();
  });
});

describe('a server that dies in the middle of a call', () => {
  it('makes the calls in flight unavailable, and is started again for the next', async () => {
    hostOf([]);
    const toolset = await open(host, 'mcp/bad');
    const waiting = call(toolset, 'wait');
    expect(await call(toolset, 'die')).toMatchObject({ type: 'failure', kind: 'unavailable' });
    expect(await waiting).toMatchObject({ type: 'failure', kind: 'unavailable' });
    await expectGoodServerWorks();
    expect(await call(toolset, 'calls')).toMatchObject({ type: 'success', text: '[]' });
  });

  it('takes what it had started along', async () => {
    hostOf([]);
    const toolset = await open(host, 'mcp/bad');
    const grandchild = await grandchildOf(toolset);
    expect(await runs(grandchild)).toBe(true);
    await call(toolset, 'die');
    await ended(grandchild);
  });
});

describe('a server that hangs', () => {
  it('times out on each call and is ended after three in a row', async () => {
    hostOf([], hasty);
    const toolset = await open(host, 'mcp/bad');
    const grandchild = await grandchildOf(toolset);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await call(toolset, 'hang')).toMatchObject({ type: 'failure', kind: 'timeout' });
    }
    await ended(grandchild);
    await expectGoodServerWorks();
  });

  it('cannot stretch a call beyond its total time by reporting progress', async () => {
    hostOf([], hasty);
    const toolset = await open(host, 'mcp/bad');
    const before = performance.now();
    expect(await call(toolset, 'progress')).toMatchObject({ type: 'failure', kind: 'timeout' });
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it('is cut off when it stops reading, before what it should read fills the memory', async () => {
    hostOf(['deaf'], { limits: { ...quick, messageBytes: 256 * 1024 } });
    const toolset = await open(host, 'mcp/bad');
    const text = 'x'.repeat(200 * 1024);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => call(toolset, 'echo', { text })));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ type: 'failure', kind: 'unavailable' });
    expect(host.servers()[0]).toMatchObject({ error: 'it does not read its input' });
    await expectGoodServerWorks();
  });
});

describe('a server that floods', () => {
  it('is cut off when its list is too long, and that is said', async () => {
    hostOf(['many-tools'], { limits: { ...quick, messageBytes: 10_000 } });
    const why = 'did not list its tools: a message is larger than 10000 bytes: it has 51935';
    await expect(open(host, 'mcp/bad')).rejects.toThrow(`The MCP server "mcp/bad" ${why}.`);
    expect(host.servers()[0]?.error).toBe(`it ${why}`);
  });

  it.each<ScriptedMode>(['flood', 'noise-flood', 'endless-line'])('is cut off: %s', async (mode) => {
    hostOf([mode]);
    await open(host, 'mcp/bad').catch(() => undefined);
    await expect.poll(() => host.servers()[0]?.error).toMatch(/sent more|no messages|larger than/);
    await expectGoodServerWorks();
  });

  it('leaves the host responsive', async () => {
    hostOf(['flood']);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await open(host, 'mcp/bad').catch(() => undefined);
    await expect.poll(() => host.servers()[0]?.state).not.toBe('ready');
    delay.disable();
    expect(delay.max / 1e6).toBeLessThan(1_000);
  });

  it('loses the call whose result is above the limit, and neither another call nor its state', async () => {
    hostOf([], { limits: { ...quick, messageBytes: 64 * 1024 } });
    const toolset = await open(host, 'mcp/bad');
    const beside = call(toolset, 'echo', { text: 'beside it' });
    expect(await call(toolset, 'big', { bytes: 65 * 1024 })).toMatchObject({ type: 'failure', kind: 'failed' });
    expect(await beside).toMatchObject({ type: 'success', text: 'beside it' });
    expect(await call(toolset, 'calls')).toMatchObject({ type: 'success', text: expect.stringContaining('big') });
    expect(host.servers()[0]).toMatchObject({ state: 'ready' });
  });
});

describe('a server that prints noise', () => {
  it('works as long as it is not too much', async () => {
    hostOf(['noise', 'wrong-ids']);
    const toolset = await open(host, 'mcp/bad');
    expect(await call(toolset, 'echo', { text: 'hello' })).toMatchObject({ type: 'success', text: 'hello' });
  });
});

describe('closing', () => {
  it('ends the process group of a server that ignores its end and SIGTERM', async () => {
    hostOf(['ignore-end']);
    const toolset = await open(host, 'mcp/bad');
    const grandchild = await grandchildOf(toolset);
    await host[Symbol.asyncDispose]();
    expect(await runs(grandchild)).toBe(false);
  });

  it('ends a start that is under way', async () => {
    hostOf(['silent', 'ignore-end'], { limits: { ...quick, startTimeoutMs: 60_000 } });
    const opening = open(host, 'mcp/bad').catch((error) => error);
    await expect.poll(() => host.servers()[0]?.state).toBe('starting');
    await host[Symbol.asyncDispose]();
    expect(await opening).toMatchObject({ code: 'MCP_CONNECTION_FAILED' });
  });
});

describe('the log', () => {
  it('has what a server printed last, and never arguments or results', async () => {
    const lines: string[] = [];
    const write = (fields: object, message: string) => lines.push(JSON.stringify([message, fields]));
    const logger: BridgeLogger = { debug: write, info: write, warn: write, error: write };
    hostOf(['die-at-start'], { logger });
    await open(host, 'mcp/bad').catch(() => {});
    const good = await open(host, 'mcp/good');
    await call(good, 'echo', { text: 'canary-argument' });
    await call(good, 'echo', { text: 7, other: 'canary-argument' });
    expect(lines.join('\n')).toContain('there is no licence file');
    expect(lines.join('\n')).not.toContain('canary-argument');
  });
});

describe('a host that ends without closing', () => {
  it('takes its servers along, and what these have started', async () => {
    const bridge = new URL('../hosting.ts', import.meta.url).href;
    const program = `
      const { processHost, open, call } = await import(${JSON.stringify(bridge)});
      const toolset = await open(processHost({ bad: ['ignore-end'] }), 'mcp/bad');
      console.log((await call(toolset, 'grandchild')).text);
      process.exit(0);`;
    hostOf([]);
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(Number(stdout)).toBeGreaterThan(0);
    await ended(Number(stdout));
  });
});
