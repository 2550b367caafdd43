import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { scriptedServerPath } from '../../src/testing/index.ts';
import { ProcessLedger } from '../../src/transport/process-ledger.ts';
import { open, processHost, runs } from '../hosting.ts';

const { bubblewrap } = await probeSandboxTools(process.env);

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A host in a process of its own, which starts a server with a grandchild; its output is their process ids. */
async function hostElsewhere(folder: string, sandbox: 'auto' | 'off'): Promise<{ host: ChildProcess; pids: number[] }> {
  const bridge = new URL('../hosting.ts', import.meta.url).href;
  const entry = { command: process.execPath, args: [scriptedServerPath, 'ignore-end'], sandbox };
  const program = `
    const { processHost, open, call } = await import(${JSON.stringify(bridge)});
    const { readdirSync } = await import('node:fs');
    const host = processHost({ bad: ${JSON.stringify(entry)} }, { processFolder: ${JSON.stringify(folder)} });
    const toolset = await open(host, 'mcp/bad');
    const { text } = await call(toolset, 'grandchild');
    console.log([text, ...readdirSync(${JSON.stringify(folder)}).map((name) => parseInt(name))].join());
    setInterval(() => {}, 1000);`;
  const host = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const text = await new Promise<string>((resolve) => host.stdout?.once('data', (data) => resolve(String(data))));
  return { host, pids: text.trim().split(',').map(Number) };
}

function commandLines(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
}

const kill = (host: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    host.once('exit', () => resolve());
    host.kill('SIGKILL');
  });
const ended = (pid: number) => expect.poll(() => runs(pid), { timeout: 5_000 }).toBe(false);

describe.runIf(process.platform === 'linux')('a host that was killed', () => {
  it('has what it left ended by the next, which notes nothing any more', async () => {
    const folder = await temporaryFolder();
    const { host, pids } = await hostElsewhere(folder, 'off');
    expect(pids).toHaveLength(2);
    await kill(host);
    for (const pid of pids) expect(await runs(pid)).toBe(true);
    await using next = processHost({}, { processFolder: folder });
    for (const pid of pids) await ended(pid);
    expect([next.servers(), await readdir(folder)]).toEqual([[], []]);
  });

  it('has what it left ended also when only a grandchild of it is left', async () => {
    const folder = await temporaryFolder();
    const { host, pids } = await hostElsewhere(folder, 'off');
    const [grandchild = 0, leader = 0] = pids;
    await kill(host);
    process.kill(leader, 'SIGKILL');
    await ended(leader);
    expect(await runs(grandchild)).toBe(true);
    new ProcessLedger(folder).sweep();
    await ended(grandchild);
  });

  it('is not begun: a server that can not be noted is not kept', async () => {
    const marker = `unnoted-${process.pid}`;
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    await using host = processHost(
      { bad: { command: process.execPath, args: [scriptedServerPath, 'ignore-end', marker], sandbox: 'off' } },
      { processFolder: join(file, 'processes') },
    );
    await expect(open(host, 'mcp/bad')).rejects.toThrow('it could not be noted that it runs');
    await expect.poll(() => commandLines().filter((line) => line.includes(marker)), { timeout: 5_000 }).toEqual([]);
  });

  it.runIf(bubblewrap !== undefined)('leaves nothing to a sandbox', async () => {
    const { host, pids } = await hostElsewhere(await temporaryFolder(), 'auto');
    await kill(host);
    await ended(pids.at(-1) ?? 0);
  });
});

describe.runIf(process.platform === 'linux')('a sweep', () => {
  it('leaves alone what belongs to a host that lives, and what another process has become', async () => {
    const folder = await temporaryFolder();
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
    onTestFinished(() => void stranger.kill('SIGKILL'));
    const pid = stranger.pid ?? 0;
    const ledger = new ProcessLedger(folder);
    const forget = ledger.note(pid);
    ledger.sweep();
    expect([await runs(pid), await readdir(folder)]).toEqual([true, [`${pid}.json`]]);
    const entry = JSON.parse(await readFile(join(folder, `${pid}.json`), 'utf8'));
    // Another host, long gone; and the id was another's then, or another machine's.
    const gone = { ...entry, host: { pid: process.pid, start: 1 } };
    for (const left of [
      { ...gone, start: entry.start - 1 },
      { ...gone, world: 'another boot' },
      { ...gone, pid: 'all' },
    ]) {
      await writeFile(join(folder, `${pid}.json`), JSON.stringify(left));
      ledger.sweep();
      expect([await runs(pid), await readdir(folder)]).toEqual([true, []]);
    }
    forget();
  });
});
