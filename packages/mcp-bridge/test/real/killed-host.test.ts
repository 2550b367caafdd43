import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { scriptedServerPath } from '../../src/testing/index.ts';
import { open, processHost, runs } from '../hosting.ts';

const { bubblewrap } = await probeSandboxTools(process.env);

interface Elsewhere {
  readonly host: ChildProcess;
  /** What the server has started, by the id that it has where the server runs. */
  readonly grandchild: number;
  /** In the command line of whatever was started for it. */
  readonly marker: string;
}

/** A host in a process of its own, which starts a server that ignores its end, and that has a grandchild. */
async function hostElsewhere(sandbox: 'auto' | 'off', then: string): Promise<Elsewhere> {
  const bridge = new URL('../hosting.ts', import.meta.url).href;
  const marker = `killed-${process.pid}-${Math.random()}`;
  const entry = { command: process.execPath, args: [scriptedServerPath, 'ignore-end', marker], sandbox };
  const program = `
    const { processHost, open, call } = await import(${JSON.stringify(bridge)});
    const host = processHost({ bad: ${JSON.stringify(entry)} });
    const { text } = await call(await open(host, 'mcp/bad'), 'grandchild');
    console.log(text);
    ${then}`;
  const host = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  onTestFinished(() => void host.kill('SIGKILL'));
  const text = await new Promise<string>((resolve) => host.stdout?.once('data', (data) => resolve(String(data))));
  return { host, grandchild: Number(text), marker };
}

const STAYS = 'setInterval(() => {}, 1000);';

/** The third field of proc_pid_stat(5) behind the command. */
const leaderOf = (pid: number): number =>
  Number(
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[2],
  );

function runningWith(text: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

const hasEnded = (host: ChildProcess): Promise<void> => new Promise((resolve) => host.once('exit', () => resolve()));
const ended = (pid: number) => expect.poll(() => runs(pid)).toBe(false);

describe.runIf(process.platform === 'linux')('a host that is gone', () => {
  it('leaves nothing of a server, nor of what that has started, when it was killed', async () => {
    const { host, grandchild, marker } = await hostElsewhere('off', STAYS);
    const pids = [grandchild, leaderOf(grandchild)];
    expect(new Set(pids).size).toBe(2);
    const exited = hasEnded(host);
    host.kill('SIGKILL');
    await exited;
    for (const pid of pids) await ended(pid);
    expect(runningWith(marker)).toEqual([]);
  });

  it('leaves nothing when all of its process group was killed', async () => {
    const { host, grandchild } = await hostElsewhere('off', STAYS);
    const pids = [grandchild, leaderOf(grandchild)];
    const exited = hasEnded(host);
    process.kill(-(host.pid ?? 0), 'SIGKILL');
    await exited;
    for (const pid of pids) await ended(pid);
  });

  it('leaves nothing when it has just ended', async () => {
    const { grandchild, marker } = await hostElsewhere('off', 'process.exit(0);');
    await ended(grandchild);
    await expect.poll(() => runningWith(marker)).toEqual([]);
  });

  it.runIf(bubblewrap !== undefined)('leaves nothing of a sandbox', async () => {
    const { host, marker } = await hostElsewhere('auto', STAYS);
    host.kill('SIGKILL');
    await expect.poll(() => runningWith(marker)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('a server that is closed', () => {
  it('takes the shell along that watches over it', async () => {
    const pid = await (async () => {
      const marker = `watched-${process.pid}`;
      const args = [scriptedServerPath, marker];
      await using host = processHost({ good: { command: process.execPath, args, sandbox: 'off' } });
      await open(host, 'mcp/good');
      const [pid] = runningWith(marker);
      expect(runningWith(`mcp-guard\0${pid}\0`)).toHaveLength(1);
      return pid;
    })();
    await expect.poll(() => runningWith(`mcp-guard\0${pid}\0`)).toEqual([]);
  });
});
