import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveRealPath } from '../../src/state/real-path.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

describe('resolveRealPath', () => {
  it('gives a plain path back as it is', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'docs/a.txt': '' });
    expect(resolveRealPath(join(folder, 'docs/a.txt'))).toBe(join(folder, 'docs/a.txt'));
    expect(resolveRealPath('/')).toBe('/');
  });

  it('follows links to where they lead', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'secrets/key': '', 'docs/a.txt': '' });
    symlinkSync(join(folder, 'secrets'), join(folder, 'docs/link'));
    expect(resolveRealPath(join(folder, 'docs/link/key'))).toBe(join(folder, 'secrets/key'));
  });

  it('judges a file that does not exist by the folder that would hold it', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'secrets'));
    mkdirSync(join(folder, 'docs'));
    symlinkSync(join(folder, 'secrets'), join(folder, 'docs/link'));
    expect(resolveRealPath(join(folder, 'docs/new/deep.txt'))).toBe(join(folder, 'docs/new/deep.txt'));
    expect(resolveRealPath(join(folder, 'docs/link/new.txt'))).toBe(join(folder, 'secrets/new.txt'));
  });

  it('refuses a link whose target does not exist: writing through it would make the target', () => {
    const folder = temporaryFolder();
    symlinkSync('/nonexistent/elsewhere', join(folder, 'dangling'));
    expect(resolveRealPath(join(folder, 'dangling'))).toBeUndefined();
    expect(resolveRealPath(join(folder, 'dangling/new.txt'))).toBeUndefined();
  });

  it('refuses `..`, which leads to one place before links are followed and to another one after', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'elsewhere/inner/x': '', 'elsewhere/secret': '', 'docs/secret': '' });
    symlinkSync(join(folder, 'elsewhere/inner'), join(folder, 'docs/link'));
    for (const path of ['docs/link/../secret', 'docs/../docs/secret', 'docs/new/../../secret', 'docs/..']) {
      expect(resolveRealPath(`${folder}/${path}`)).toBeUndefined();
    }
  });

  it('refuses what is another file for each process that opens it', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'a.txt': '' });
    for (const root of ['/proc/self/root', '/proc/thread-self/root', '//proc/self/root', '/./proc/1/root']) {
      expect(resolveRealPath(`${root}${folder}/a.txt`)).toBeUndefined();
    }
    for (const path of ['/proc', '/proc/self/cwd/package.json', '/dev/fd/0', '/dev/stdin', '/dev']) {
      expect(resolveRealPath(path)).toBeUndefined();
    }
    expect(resolveRealPath('/process/a')).toBe('/process/a');
  });

  it('takes dots for what they are in a name', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { '..a/b..c': '' });
    expect(resolveRealPath(`${folder}/./..a/b..c`)).toBe(join(folder, '..a/b..c'));
  });

  it.each(['docs/a.txt', './a.txt', '', '~/a.txt'])('refuses the relative path %j', (path) => {
    expect(resolveRealPath(path)).toBeUndefined();
  });

  it('refuses a NUL byte, a loop of links and a folder that is a file', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'a.txt': '' });
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
    expect(resolveRealPath(`${folder}/a.txt\0.png`)).toBeUndefined();
    expect(resolveRealPath(join(folder, 'loop'))).toBeUndefined();
    expect(resolveRealPath(join(folder, 'a.txt/b'))).toBeUndefined();
  });
});
