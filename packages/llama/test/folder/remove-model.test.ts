import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeModelFiles } from '../../src/folder/remove-model.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function newFolder(...files: readonly string[]) {
  const folder = temporaryFolder();
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), 'GGUF');
  }
  return {
    folder,
    remove: (file: string) => removeModelFiles(join(folder, file), folder),
    left: () => files.filter((file) => existsSync(join(folder, file))),
  };
}

describe('a model that is deleted', () => {
  it('takes its empty folders along, and not the models folder', async () => {
    const { folder, remove } = newFolder('ibm/granite/q8/a.gguf');
    await remove('ibm/granite/q8/a.gguf');
    expect([existsSync(join(folder, 'ibm')), existsSync(folder)]).toEqual([false, true]);
  });

  it('leaves what else is there', async () => {
    const { remove, left } = newFolder('ibm/a.gguf', 'ibm/b.gguf');
    await remove('ibm/a.gguf');
    expect(left()).toEqual(['ibm/b.gguf']);
  });

  it('takes all its parts along, and none of another model', async () => {
    const { remove, left } = newFolder(
      ...['x/a-00001-of-00002.gguf', 'x/a-00002-of-00002.gguf', 'x/a-b-00001-of-00002.gguf', 'x/a-00001-of-00003.gguf'],
    );
    await remove('x/a-00001-of-00002.gguf');
    expect(left()).toEqual(['x/a-b-00001-of-00002.gguf', 'x/a-00001-of-00003.gguf']);
  });

  it('that is a link leaves its target', async () => {
    const { folder, remove, left } = newFolder('kept/a.gguf');
    symlinkSync(join(folder, 'kept/a.gguf'), join(folder, 'b.gguf'));
    await remove('b.gguf');
    expect([left(), existsSync(join(folder, 'b.gguf'))]).toEqual([['kept/a.gguf'], false]);
  });
});
