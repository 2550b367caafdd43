import { existsSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/config/make-folder.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

describe('makeFolder', () => {
  it('makes a folder and those above it for their owner alone, and takes one that is there', () => {
    const path = join(temporaryFolder(), 'a/b');
    makeFolder(path);
    makeFolder(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
  });

  it('refuses a file, and a path below one, in words', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { file: '' });
    const path = join(folder, 'file');
    expect(() => makeFolder(path)).toThrow(`${path} is a file, not a folder.`);
    expect(() => makeFolder(join(path, 'data'))).toThrow(/is a file, not a folder/);
  });

  it('refuses a link that leads nowhere', () => {
    const path = join(temporaryFolder(), 'link');
    symlinkSync('/nonexistent/place', path);
    expect(() => makeFolder(path)).toThrow(/something else is there already \(EEXIST\)/);
  });

  it.skipIf(!existsSync('/proc/1'))('ends at once where the system makes no folders', () => {
    expect(() => makeFolder('/proc/1/latchkey')).toThrow(/\/proc\/1\/latchkey: .*\(ENOENT|EACCES\)/);
  });
});
