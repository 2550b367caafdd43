import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isFolderLocked, lockFolder } from '../../src/state/folder-lock.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const MODULE = new URL('../../src/state/folder-lock.ts', import.meta.url).href;

/** A process that has the folder until it is killed. */
async function otherProcess(folder: string) {
  const program = `import { lockFolder } from ${JSON.stringify(MODULE)};
    globalThis.lock = lockFolder(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('a data folder', () => {
  it('belongs to one process, and the other says where that is', async () => {
    const folder = temporaryFolder();
    const child = await otherProcess(folder);
    writeFileSync(join(folder, 'server.json'), '{"url":"http://127.0.0.1:9","pid":17}');
    expect(isFolderLocked(folder)).toBe(true);
    expect(() => lockFolder(folder)).toThrow(
      expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining('http://127.0.0.1:9, process 17') }),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isFolderLocked(folder)).toBe(false);
  });

  it('belongs to a process that stands still', async () => {
    const folder = temporaryFolder();
    const child = await otherProcess(folder);
    child.kill('SIGSTOP');
    expect(isFolderLocked(folder)).toBe(true);
  });

  it('is given once in a process as well, and back when it is let go', () => {
    const folder = temporaryFolder();
    const lock = lockFolder(folder);
    expect(isFolderLocked(folder)).toBe(true);
    expect(isFolderLocked(folder)).toBe(true);
    lock[Symbol.dispose]();
    lockFolder(folder)[Symbol.dispose]();
  });

  it('is free although a crashed server has left word there', () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'server.json'),
      JSON.stringify({ url: 'http://127.0.0.1:9', pid: process.pid, key: 'k' }),
    );
    expect(isFolderLocked(folder)).toBe(false);
  });

  it('has one file for it, which others cannot read', () => {
    const folder = temporaryFolder();
    using _lock = lockFolder(folder);
    expect(readdirSync(folder)).toEqual(['server.lock']);
    expect(statSync(join(folder, 'server.lock')).mode & 0o777).toBe(0o600);
  });
});
