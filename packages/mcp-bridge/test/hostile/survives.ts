import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import type { McpHost, McpHostOptions } from '../../src/index.ts';
import { scriptedServerPath } from '../../src/testing/index.ts';
import { call, open, processHost } from '../hosting.ts';

/** What the host may lose to any one server, whatever that does. */
export const bounds = {
  /** From the first request until the host is closed. */
  milliseconds: 15_000,
  /** More memory of the host than before, in MiB. */
  megabytes: 256,
  /** The longest stop of the event loop. A machine that runs other tests beside this one stops for a second by itself. */
  stallMilliseconds: 3_000,
};

/** A call may take long where nothing is to end it but what the server does; where it hangs, its entry says less. */
const limits = { startTimeoutMs: 8_000, callTimeoutMs: 10_000, callTotalTimeoutMs: 10_000, closeGraceMs: 200 };

/**
 * A test that the host gets over one hostile server: it is closed in time, has taken no more memory than is stated, a good
 * server beside the bad one still answers, and no process is left that was not there before.
 */
export function survives(
  threat: string,
  bad: Record<string, unknown>,
  attack: (host: McpHost) => Promise<void>,
  options: Partial<McpHostOptions> = {},
): void {
  it(threat, { timeout: bounds.milliseconds * 2 }, async () => {
    const before = { processes: census(), memory: process.memoryUsage.rss(), time: performance.now() };
    const stalls = monitorEventLoopDelay({ resolution: 5 });
    stalls.enable();
    const good = { command: process.execPath, args: [scriptedServerPath], sandbox: 'off' };
    {
      await using host = processHost({ bad, good }, { ...options, limits: { ...limits, ...options.limits } });
      await attack(host);
      const outcome = await call(await open(host, 'mcp/good'), 'echo', { text: 'still here' });
      expect(outcome).toMatchObject({ type: 'success', text: 'still here' });
    }
    stalls.disable();
    expect(performance.now() - before.time).toBeLessThan(bounds.milliseconds);
    expect((process.memoryUsage.rss() - before.memory) / 2 ** 20).toBeLessThan(bounds.megabytes);
    expect(stalls.max / 1e6).toBeLessThan(bounds.stallMilliseconds);
    await expect.poll(() => census().filter((pid) => !before.processes.includes(pid)), { timeout: 3_000 }).toEqual([]);
  });
}

/** Every process that runs Node or a sandbox in the name of this test, also one that has left its parents. */
function census(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const state = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\) /s, '')[0];
        return state !== 'Z' && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(marker);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** An argument that hostile servers, and what they start, are known by. */
export const marker = `hostile-kit-${process.pid}`;
