import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findModelFiles } from '../../src/folder/model-files.ts';
import { temporaryFolder, writeFiles } from '../temporary-folder.ts';

async function keysIn(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = temporaryFolder();
  writeFiles(folder, files);
  return (await findModelFiles(folder)).map(({ key }) => key);
}

describe('findModelFiles', () => {
  it('finds a file by its publisher and its name', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'ibm/granite.gguf': 'GGUF' });
    expect(await findModelFiles(folder)).toEqual([
      {
        key: 'ibm/granite',
        names: ['ibm/granite@gguf', 'ibm/granite/granite.gguf'],
        publisher: 'ibm',
        name: 'granite',
        path: join(folder, 'ibm/granite.gguf'),
        sizeBytes: 4,
        modifiedAt: expect.any(Number),
        version: expect.any(String),
        stamp: expect.any(String),
      },
    ]);
  });

  it('names a file in a folder of its own after the folder', async () => {
    expect(await keysIn({ 'ibm/granite/granite-Q8_0.gguf': '' })).toEqual(['ibm/granite']);
  });

  it('takes the first of several files in one folder, which is the first part of a split model', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'a/b/m-00002-of-00002.gguf': '', 'a/b/m-00001-of-00002.gguf': '' });
    expect((await findModelFiles(folder)).map(({ path }) => path)).toEqual([join(folder, 'a/b/m-00001-of-00002.gguf')]);
  });

  it('gives every file of a repository a key of its own, and its quantization and its file name as other names', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      'ibm/granite-GGUF/granite-4.0-Q4_K_M.gguf': '',
      'ibm/granite-GGUF/granite-4.0-Q8_0.gguf': '',
      'ibm/granite-GGUF/BF16/granite-4.0-BF16-00001-of-00002.gguf': '',
      'ibm/granite-GGUF/BF16/granite-4.0-BF16-00002-of-00002.gguf': '',
    });
    const found = await findModelFiles(folder);
    expect(found.map(({ key }) => key)).toEqual([
      'ibm/granite-GGUF',
      'ibm/granite-GGUF@q4_k_m',
      'ibm/granite-GGUF@q8_0',
    ]);
    expect(found.map(({ names }) => names[0])).toEqual([
      'ibm/granite-GGUF@bf16',
      'ibm/granite-GGUF/granite-4.0-Q4_K_M.gguf',
      'ibm/granite-GGUF/granite-4.0-Q8_0.gguf',
    ]);
  });

  it('tells files apart by their names where they have no quantization, or the same', async () => {
    expect(
      await keysIn({ 'a/b/one.gguf': '', 'a/b/two.gguf': '', 'a/b/x-Q8_0.gguf': '', 'a/b/y-Q8_0.gguf': '' }),
    ).toEqual(['a/b', 'a/b@two', 'a/b@q8_0', 'a/b/y-Q8_0.gguf']);
  });

  it('gives files with the same key different ones', async () => {
    expect(await keysIn({ 'a/b.gguf': '', 'a/b/b.gguf': '' })).toEqual(['a/b', 'a/b@gguf']);
  });

  it('finds files at the top, by their names alone', async () => {
    expect(await keysIn({ 'c.gguf': '', 'D.GGUF': '' })).toEqual(['D', 'c']);
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'reports a folder that cannot be read',
    async () => {
      const folder = temporaryFolder();
      writeFiles(folder, { 'a/b.gguf': '', 'c/d.gguf': '' });
      chmodSync(join(folder, 'a'), 0);
      const unreadable: string[] = [];
      const found = await findModelFiles(folder, (path, code) => unreadable.push(`${path} ${code}`));
      chmodSync(join(folder, 'a'), 0o700);
      expect(found.map(({ key }) => key)).toEqual(['c/d']);
      expect(unreadable).toEqual([`${join(folder, 'a')} EACCES`]);
    },
  );

  it('passes over projectors, hidden files and everything else that is no model', async () => {
    const files = {
      'a/mmproj-b.gguf': '',
      'a/b/mmproj.gguf': '',
      'a/.b.gguf': '',
      '.a/b.gguf': '',
      'a/b.bin': '',
    };
    expect(await keysIn(files)).toEqual([]);
  });

  it('finds nothing in a folder that does not exist', async () => {
    expect(await findModelFiles('/nonexistent/models')).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('opens nothing that is no file: a pipe, a device, a socket', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'a/model.gguf': 'GGUF' });
    execFileSync('mkfifo', [join(folder, 'a/pipe.gguf'), join(folder, 'top.gguf')]);
    symlinkSync('/dev/zero', join(folder, 'a/device.gguf'));
    symlinkSync(join(folder, 'a/pipe.gguf'), join(folder, 'a/link.gguf'));
    const listener = createServer().listen(join(folder, 'a/socket.gguf'));
    await new Promise((resolve) => listener.once('listening', resolve));
    expect((await findModelFiles(folder)).map(({ key }) => key)).toEqual(['a/model']);
    listener.close();
  });

  it('follows links to folders and to files', async () => {
    const elsewhere = temporaryFolder();
    writeFiles(elsewhere, { 'm.gguf': '', 'ibm/granite.gguf': '' });
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'mine'));
    symlinkSync(join(elsewhere, 'm.gguf'), join(folder, 'mine/linked.gguf'));
    symlinkSync(join(elsewhere, 'ibm'), join(folder, 'ibm'));
    expect((await findModelFiles(folder)).map(({ key }) => key)).toEqual(['ibm/granite', 'mine/linked']);
  });

  it('passes over a link that leads nowhere and a folder that is named like a file', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'a/good.gguf': '' });
    symlinkSync(join(folder, 'gone.gguf'), join(folder, 'a/broken.gguf'));
    symlinkSync(join(folder, 'gone'), join(folder, 'broken'));
    mkdirSync(join(folder, 'a/folder.gguf'));
    expect((await findModelFiles(folder)).map(({ key }) => key)).toEqual(['a/good']);
  });
});
