import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveRealPath as resolveWith } from '../../src/state/real-path.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

const resolveRealPath = (path: string, hardLinks = false): string | undefined =>
  resolveWith(path, { hardLinks, spend: () => {} });

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

  it('refuses a file that has further names, where that is not said to be right', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'secrets/key': '', 'docs/a.txt': '', 'docs/inner/b.txt': '' });
    linkSync(join(folder, 'secrets/key'), join(folder, 'docs/hard'));
    expect(resolveRealPath(join(folder, 'docs/hard'))).toBeUndefined();
    expect(resolveRealPath(join(folder, 'docs/hard'), true)).toBe(join(folder, 'docs/hard'));
    symlinkSync(join(folder, 'docs/hard'), join(folder, 'docs/link'));
    expect(resolveRealPath(join(folder, 'docs/link'))).toBeUndefined();
    // Folders have as many names as they hold folders.
    expect(resolveRealPath(join(folder, 'docs'))).toBe(join(folder, 'docs'));
  });

  it('refuses what is neither a file nor a folder', async () => {
    const folder = temporaryFolder();
    execFileSync('/usr/bin/env', ['mkfifo', join(folder, 'pipe')]);
    expect(resolveRealPath(join(folder, 'pipe'))).toBeUndefined();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
    expect(resolveRealPath(join(folder, 'socket'))).toBeUndefined();
    server.close();
    symlinkSync('/dev/null', join(folder, 'null'));
    expect(resolveRealPath(join(folder, 'null'))).toBeUndefined();
    symlinkSync('/proc/self', join(folder, 'process'));
    expect(resolveRealPath(join(folder, 'process/status'))).toBeUndefined();
    expect(resolveRealPath(join(folder, 'process/new'))).toBeUndefined();
  });

  it.each([
    ['caf\u00e9', 'cafe\u0301'],
    ['cafe\u0301', 'caf\u00e9'],
    ['Link', 'link'],
    ['link', 'LINK'],
    ['link', 'link.'],
    ['link', 'link '],
    ['link', ' link'],
    ['link', 'li\u200bnk'],
    ['link', '\uff4cink'],
    ['link', 'l\u0131nk'],
    ['\ufb01le', 'file'],
    ['stra\u00dfe', 'STRASSE'],
    ['.link', 'link'],
  ])('refuses what does not exist where %j does, which some programs open for %j', (there, asked) => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'secrets/key': '' });
    mkdirSync(join(folder, 'docs'));
    symlinkSync(join(folder, 'secrets'), join(folder, 'docs', there));
    expect(resolveRealPath(join(folder, 'docs', asked))).toBeUndefined();
    expect(resolveRealPath(join(folder, 'docs', asked, 'key'))).toBeUndefined();
    expect(resolveRealPath(`${join(folder, 'docs', asked)}/new/key`)).toBeUndefined();
    expect(resolveRealPath(join(folder, 'docs', there, 'key'))).toBe(join(folder, 'secrets/key'));
  });

  it.each([
    '*',
    'a?',
    '[ab]',
    '{a,b}',
    '$HOME',
    '$(id)',
    '`id`',
    'a:b',
    '::$DATA',
    'a,/etc',
    'a,..',
    'a,',
    ' a',
    'a|b',
    'a;b',
    '~root',
    '%2e%2e',
    '..%2f',
    'a%00',
    'a\nb',
    'a\tb',
    'a\u2028b',
    'a\ud800',
    'C:',
    'a\\b',
    '"a"',
    '\u2025',
    '\uff0e\uff0e',
    '.\u200b.',
    '.\u2024',
    '\u2025\uff0fsecrets',
    'a\uff0fb',
    'a\uff3cb',
    '\u2100',
    '\u200b',
    '...',
  ])('refuses the new name %j, which some programs read as another one', (name) => {
    const folder = temporaryFolder();
    expect(resolveRealPath(`${folder}/${name}`)).toBeUndefined();
    expect(resolveRealPath(`${folder}/${name}/x`)).toBeUndefined();
  });

  it.each(['a, b (2).txt', "Q&A's", 'b#1!', 'caf\u00e9', '100%', '.hidden', 'a.b.c', '\u{1f468}\u200d\u{1f469}'])(
    'takes the plain new name %j',
    (name) => {
      const folder = temporaryFolder();
      expect(resolveRealPath(join(folder, name))).toBe(join(folder, name));
    },
  );

  it('takes any name that a file has', () => {
    const folder = temporaryFolder();
    for (const name of ['[id].tsx', '{a,b}', 'a:b', '%2e%2e', '$HOME', 'a;b']) {
      writeFiles(folder, { [`docs/${name}/x`]: '' });
      expect(resolveRealPath(join(folder, 'docs', name, 'x'))).toBe(join(folder, 'docs', name, 'x'));
      expect(resolveRealPath(join(folder, 'docs', name, 'new'))).toBe(join(folder, 'docs', name, 'new'));
    }
  });

  it('counts what it does, entry by entry', () => {
    const folder = temporaryFolder();
    writeFiles(folder, Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`docs/${index}`, ''])));
    const count = (path: string): number => {
      let steps = 0;
      resolveWith(join(folder, path), { hardLinks: false, spend: (more) => (steps += more) });
      return steps;
    };
    expect(count('docs/new')).toBeGreaterThan(count('docs/1') + 50 * 200);
    expect(count('none/'.repeat(50))).toBeGreaterThan(50 * 5000);
    const spent = () => {
      throw new Error('used up');
    };
    expect(() => resolveWith(join(folder, 'docs/new'), { hardLinks: false, spend: spent })).toThrow('used up');
  });

  it('refuses a path that is deeper or longer than any', () => {
    expect(resolveRealPath(`/${'a/'.repeat(200)}a`)).toBeUndefined();
    expect(resolveRealPath(`/${'a'.repeat(5000)}`)).toBeUndefined();
  });
});
