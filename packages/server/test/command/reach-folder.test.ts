import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findClosedFolder } from '../../src/command/closed-folder.ts';
import { openOperatorDesk } from '../../src/command/open-installation.ts';
import { reachFolder } from '../../src/command/reach-folder.ts';
import { isFolderLocked, lockFolder } from '../../src/state/folder-lock.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

describe('a command on a data folder without a server', () => {
  it('has its lock until it ends, so that no server starts meanwhile', async () => {
    const data = temporaryFolder();
    {
      await using opened = new AsyncDisposableStack();
      expect(await findClosedFolder({ data }, opened)).toBe(data);
      expect(isFolderLocked(data)).toBe(true);
      expect(() => lockFolder(data)).toThrow('or a command works on it');
    }
    expect(isFolderLocked(data)).toBe(false);
    {
      await using opened = new AsyncDisposableStack();
      expect(await (await openOperatorDesk({ data, environment: {} }, opened)).secrets()).toHaveLength(1);
      expect(isFolderLocked(data)).toBe(true);
    }
    expect(isFolderLocked(data)).toBe(false);
  });

  it('has it beside the note of a server that crashed, whatever now has its process id', async () => {
    const data = temporaryFolder();
    const note = { url: 'http://127.0.0.1:9', pid: process.pid, key: 'k', run: 'r' };
    writeFileSync(join(data, 'server.json'), JSON.stringify(note));
    const holder = await reachFolder(data);
    expect(holder).toHaveProperty('lock');
    if ('lock' in holder) holder.lock[Symbol.dispose]();
  });

  it('waits for another command', async () => {
    const data = temporaryFolder();
    const first = lockFolder(data);
    const reached = reachFolder(data);
    first[Symbol.dispose]();
    const holder = await reached;
    expect(holder).toHaveProperty('lock');
    if ('lock' in holder) holder.lock[Symbol.dispose]();
  });

  it('makes no folder', async () => {
    await expect(reachFolder('/nonexistent/latchkey')).rejects.toMatchObject({ ending: 'missing' });
  });
});
