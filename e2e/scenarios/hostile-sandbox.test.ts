import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import { layoutNames } from '../hostile/layouts.ts';
import { verifies } from '../support/verifies.ts';

const kit = join(import.meta.dirname, '..', 'hostile');
const works = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true']).status === 0;
const isRoot = process.getuid?.() === 0;
/** A user without an account, as in a container. */
const ordinary = 54_321;
const users = isRoot ? [undefined, ordinary] : [undefined];

/** Not in /tmp, of which each server has its own. */
function createFolder(user: number | undefined): string {
  const folder = mkdtempSync(join(isRoot ? '/srv' : homedir(), 'latchkey-kit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (user !== undefined) chownSync(folder, user, user);
  return folder;
}

/** Node itself, where another user may run it: a package runner or a version manager keeps it in a home folder. */
function nodeFor(user: number | undefined): string {
  if (user === undefined) return process.execPath;
  const program = join(createFolder(user), 'node');
  copyFileSync(process.execPath, program);
  chmodSync(program, 0o755);
  return program;
}

const setUser = (user: number): readonly string[] => [
  'setpriv',
  ...['--reuid', String(user), '--regid', String(user), '--clear-groups'],
];

/**
 * Starts a command as a user, with the device that pasta needs as systems have it: everybody may open it, and whoever makes a network
 * of theirs uses it there. Some machines keep it for root.
 */
const withDevice = (user: number): readonly string[] => [
  ...['unshare', '--mount', 'sh', '-c'],
  `mount -t tmpfs none /mnt && mknod -m 666 /mnt/tun c 10 200 && mount --bind /mnt/tun /dev/net/tun && exec "$@"`,
  'with-device',
  ...setUser(user),
];

const runs = ([program = '', ...args]: readonly string[]): boolean =>
  spawnSync(program, args, { timeout: 5000, stdio: 'ignore' }).status === 0;
const mayMount = isRoot && runs([...withDevice(ordinary), 'true']);

/** Root mounts what a container is given, and that ends with the kit. */
const withMounts = isRoot && runs(['unshare', '--mount', 'true']) ? ['unshare', '--mount'] : [];

function startedAs(user: number | undefined, command: readonly string[]): readonly string[] {
  if (user === undefined) return [...withMounts, ...command];
  return [...(mayMount ? withDevice(user) : setUser(user)), ...command];
}

/** Whether pasta makes networks for a user. */
function makesNetworks(user: number | undefined): boolean {
  const asRoot = user === undefined && isRoot ? ['--runas', '0', '--netns-only'] : [];
  return runs(startedAs(user, ['pasta', '--quiet', ...asRoot, '--config-net', '--', 'true']));
}

const hasTerminals = runs(['script', '--quiet', '--command', 'true', '/dev/null']);
/** A terminal, as the host has where a person starts it. */
const atTerminal = (command: readonly string[]): readonly string[] => {
  const words = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  return hasTerminals ? ['script', '--quiet', '--return', '--command', words.join(' '), '/dev/null'] : command;
};

/** Runs the kit as a user, and gives the lines that it prints. */
async function runKit(user: number | undefined): Promise<readonly unknown[]> {
  const folder = createFolder(user);
  const command = [nodeFor(user), join(kit, 'run-kit.ts'), folder, join(kit, 'doors.mjs')];
  const [program = '', ...args] = atTerminal(startedAs(user, command));
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, HOME: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let printed = '';
  for await (const chunk of child.stdout) printed += String(chunk);
  expect(await ended).toEqual([0, null]);
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe.runIf(works)('a hostile server', { timeout: 600_000 }, () => {
  for (const user of users) {
    verifies(
      'sandbox.hostile',
      async () => {
        const hasOwnNetwork = makesNetworks(user);
        const refused = ['required asks for a network of its own, and does not start'];
        const nothing = layoutNames.flatMap((layout) =>
          ['auto', 'required', 'closed'].map((sandbox) => {
            const opened = sandbox === 'required' && !hasOwnNetwork ? refused : [];
            return { layout, sandbox, hasOwnNetwork, hasTerminal: hasTerminals, opened };
          }),
        );
        const without = [
          ...['bwrap', 'prlimit', 'pasta'].map((tool) => ({ layout: `without ${tool}`, sandbox: 'required' })),
          ...['bwrap', 'prlimit'].map((tool) => ({ layout: `without ${tool}`, sandbox: 'closed' })),
          ...['bwrap', 'prlimit', 'pasta'].map((tool) => ({ layout: `without ${tool}`, sandbox: 'ports' })),
        ].map((each) => ({ ...each, opened: [] }));
        expect(await runKit(user)).toEqual([...nothing, ...without]);
      },
      user === undefined ? 'as this user' : 'as an ordinary user',
    );
  }
});
