import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import { verifies } from '../support/verifies.ts';

const kit = join(import.meta.dirname, '..', 'hostile');
const isRoot = process.getuid?.() === 0;
const runs = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { timeout: 5000, stdio: 'ignore' }).status === 0;
/** A machine to try it on is made by root alone, where the kernel has what it is made of. */
const works =
  isRoot &&
  runs('bwrap', '--unshare-all', '--ro-bind', '/', '/', 'true') &&
  runs('pasta', '--quiet', '--runas', '0', '--netns-only', '--config-net', '--', 'true') &&
  runs('unshare', '--net', '--mount', 'ip', 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'other');

async function onMachine(): Promise<readonly unknown[]> {
  const folder = mkdtempSync('/srv/latchkey-network-');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const resolver = join(folder, 'resolv.conf');
  writeFileSync(resolver, '');
  const script = 'mount --bind "$1" /etc/resolv.conf && shift && exec sh "$@"';
  const command = [process.execPath, join(kit, 'run-network.ts'), folder, join(kit, 'doors.mjs'), resolver];
  const machine = [join(kit, 'machine.sh'), process.execPath, join(kit, 'outside.mjs'), ...command];
  const args = ['--net', '--mount', 'sh', '-c', script, 'machine', resolver, ...machine];
  const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let printed = '';
  for await (const chunk of child.stdout) printed += String(chunk);
  expect(await ended).toEqual([0, null]);
  const lines = printed.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as unknown);
}

describe.runIf(works)('a server in a network of its own', { timeout: 120_000 }, () => {
  verifies('sandbox.network', async () => {
    const outside = ['some.example port 80', '10.77.0.1 port 80'];
    const cloud = ['169.254.169.254 port 80', '100.100.100.200 port 80'];
    const machine = ['10.77.0.2 port 8080', '172.17.0.1 port 8080', '127.0.0.1 port 8080'];
    const expected = [
      ...['10.77.0.1', '127.0.0.53'].flatMap((nameServer) => [
        { nameServer, sandbox: 'auto', opened: outside },
        { nameServer, sandbox: 'named', opened: [...outside, '127.0.0.1 port 8080'] },
      ]),
      { nameServer: '127.0.0.53', sandbox: 'off', opened: [...outside, ...cloud, ...machine] },
    ];
    expect(await onMachine()).toEqual(expected.map((each) => ({ ...each, opened: each.opened.toSorted() })));
  });
});
