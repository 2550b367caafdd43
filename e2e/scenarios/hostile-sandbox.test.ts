import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
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

/** Runs the kit as a user, and gives the lines that it prints. */
async function runKit(user: number | undefined): Promise<readonly unknown[]> {
  const folder = createFolder(user);
  const identity = user === undefined ? {} : { uid: user, gid: user };
  const child = spawn(process.execPath, [join(kit, 'run-kit.ts'), folder, join(kit, 'doors.mjs')], {
    ...identity,
    env: { PATH: process.env.PATH, HOME: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const chunk of child.stdout) printed += String(chunk);
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe.runIf(works)('a hostile server', { timeout: 180_000 }, () => {
  for (const user of users) {
    verifies(
      'sandbox.hostile',
      async () => {
        const nothing = layoutNames.flatMap((layout) =>
          ['auto', 'required', 'closed'].map((sandbox) => ({ layout, sandbox, opened: [] })),
        );
        expect(await runKit(user)).toEqual(nothing);
      },
      user === undefined ? 'as this user' : 'as an ordinary user',
    );
  }
});
