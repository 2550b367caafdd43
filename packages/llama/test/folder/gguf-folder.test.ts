import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, type ModelDescription, type ModelSource } from '@latchkey/engine';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type GgufFolderOptions, openGgufFolder } from '../../src/folder/gguf-folder.ts';
import { temporaryFolder, writeFiles } from '../temporary-folder.ts';

const DESCRIBED: ModelDescription = {
  architecture: 'llama',
  format: 'gguf',
  quantization: 'Q8_0',
  bitsPerWeight: 8,
  parameterCount: 2_900_000,
  displayName: 'Nano',
  maxContextLength: 2048,
  type: 'llm',
  capabilities: { vision: false, trainedForToolUse: true },
};

interface TestFolder {
  readonly source: ModelSource;
  readonly folder: string;
  readonly described: string[];
  /** What a file says of itself. */
  describeFiles: (paths: readonly string[]) => Promise<readonly (ModelDescription | Error)[]>;
  readonly pass: (milliseconds: number) => void;
}

/** With a clock that stands still until it is told how many milliseconds have gone by. */
function newFolder(options: GgufFolderOptions = {}): TestFolder {
  let time = 0;
  const folder = temporaryFolder();
  writeFiles(folder, { 'ibm/granite.gguf': 'GGUF', 'ibm/other.gguf': 'GGUF' });
  const test: TestFolder = {
    folder,
    described: [],
    describeFiles: async (paths) => paths.map(() => DESCRIBED),
    pass: (milliseconds) => {
      time += milliseconds;
    },
    source: openGgufFolder(
      folder,
      (paths) => {
        test.described.push(...paths);
        return test.describeFiles(paths);
      },
      { now: () => time, ...options },
    ),
  };
  return test;
}

describe('find', () => {
  it('describes a model once, however often it is asked for', async () => {
    const { source, described, folder } = newFolder();
    await source.find('ibm/granite');
    expect((await source.find('ibm/granite'))?.description).toMatchObject({ architecture: 'llama' });
    expect(described).toEqual([join(folder, 'ibm/granite.gguf')]);
  });

  it('describes a file again that has changed', async () => {
    const { source, described, folder, pass } = newFolder();
    await source.find('ibm/granite');
    writeFiles(folder, { 'ibm/granite.gguf': 'another GGUF' });
    pass(1000);
    await source.find('ibm/granite');
    expect(described).toHaveLength(2);
  });

  it('finds no model that is not there, or no longer', async () => {
    const { source, folder, pass } = newFolder();
    await source.find('ibm/granite');
    rmSync(join(folder, 'ibm/granite.gguf'));
    pass(1000);
    for (const key of ['ibm/granite', 'ibm/none', '../ibm/other', 'constructor']) {
      expect(await source.find(key)).toBeUndefined();
    }
  });
});

describe('the folder', () => {
  const keys = async ({ list }: ModelSource) => (await list()).map(({ key }) => key);

  it('is looked through once a second, however many ask', async () => {
    const { source, folder, pass } = newFolder();
    expect(await keys(source)).toEqual(['ibm/granite', 'ibm/other']);
    rmSync(join(folder, 'ibm/other.gguf'));
    pass(999);
    expect(await keys(source)).toEqual(['ibm/granite', 'ibm/other']);
    pass(1);
    expect(await keys(source)).toEqual(['ibm/granite']);
  });

  it('is looked through again for a model that was not in it a moment ago', async () => {
    const { source, folder } = newFolder();
    await source.list();
    writeFiles(folder, { 'ibm/third.gguf': 'GGUF' });
    expect((await source.find('ibm/third'))?.key).toBe('ibm/third');
  });
});

describe('list', () => {
  it('waits for what a file says of itself only so long, and names it all the same', async () => {
    const test = newFolder({ patienceMilliseconds: 1 });
    const { source, pass } = test;
    const looking = Promise.withResolvers<readonly ModelDescription[]>();
    test.describeFiles = () => looking.promise;
    const late = await source.list();
    expect(late.map(({ key, description }) => [key, (description as Error).message])).toEqual([
      ['ibm/granite', 'it has not been read yet'],
      ['ibm/other', 'it has not been read yet'],
    ]);
    looking.resolve([DESCRIBED, DESCRIBED]);
    pass(1000);
    expect((await source.list()).map(({ description }) => description)).toEqual([DESCRIBED, DESCRIBED]);
  });

  it('looks only at files that are new to it, all in one go', async () => {
    const { source, described, folder, pass } = newFolder();
    await source.list();
    writeFiles(folder, { 'ibm/third.gguf': 'GGUF' });
    pass(1000);
    expect((await source.list()).map(({ key }) => key)).toEqual(['ibm/granite', 'ibm/other', 'ibm/third']);
    expect(described).toHaveLength(3);
  });

  it('keeps a file that is no model, with the reason', async () => {
    const test = newFolder();
    const { source } = test;
    test.describeFiles = async (paths) =>
      paths.map((path) => new Error(path.endsWith('other.gguf') ? 'garbage' : 'truncated'));
    expect((await source.list()).map(({ description }) => (description as Error).message)).toEqual([
      'truncated',
      'garbage',
    ]);
  });

  it('takes a file for unreadable that the engine says nothing about', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'a/b.gguf': '' });
    const [model] = await openGgufFolder(folder, async () => []).list();
    expect(model?.description).toBeInstanceOf(Error);
  });
});

describe('a trouble that passes', () => {
  const unavailable = new EngineError('MODEL_UNAVAILABLE', 'too many files are open (EMFILE)');

  it('is no verdict on a file: it is looked at again when it is asked for later', async () => {
    const test = newFolder();
    test.describeFiles = async (paths) => paths.map(() => unavailable);
    expect((await test.source.find('ibm/granite'))?.description).toBe(unavailable);
    test.describeFiles = async (paths) => paths.map(() => DESCRIBED);
    test.pass(1000);
    expect((await test.source.find('ibm/granite'))?.description).toEqual(DESCRIBED);
    expect((await test.source.list()).map(({ description }) => description)).toEqual([DESCRIBED, DESCRIBED]);
  });

  it('does not make each request look again', async () => {
    const test = newFolder();
    test.describeFiles = async (paths) => paths.map(() => unavailable);
    await test.source.find('ibm/granite');
    test.pass(999);
    await test.source.find('ibm/granite');
    expect(test.described).toHaveLength(1);
  });

  it.each<[string, (path: string) => void]>([
    ['may be read by others now', (path) => chmodSync(path, 0o600)],
    [
      'was put in its place with the same size',
      (path) => {
        writeFileSync(`${path}.new`, 'FUGG');
        renameSync(`${path}.new`, path);
      },
    ],
  ])('is forgotten, as a verdict is, when the file %s', async (_, change) => {
    const { source, described, folder, pass } = newFolder();
    await source.find('ibm/granite');
    change(join(folder, 'ibm/granite.gguf'));
    pass(1000);
    await source.find('ibm/granite');
    expect(described).toHaveLength(2);
  });
});

describe('a file that was replaced', () => {
  it('is another version of its model, and one that may be read by others is not', async () => {
    const { source, folder } = newFolder();
    const path = join(folder, 'ibm/granite.gguf');
    const before = await source.find('ibm/granite');
    chmodSync(path, 0o600);
    expect((await source.find('ibm/granite'))?.version).toBe(before?.version);
    writeFileSync(path, 'another GGUF');
    expect((await source.find('ibm/granite'))?.version).not.toBe(before?.version);
  });
});

describe.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('a folder that cannot be read', () => {
  const closed = () => {
    const places: object[] = [];
    const made = newFolder({ onUnreadable: (place) => places.push(place) });
    writeFiles(made.folder, { 'lost+found/x.gguf': '' });
    chmodSync(join(made.folder, 'lost+found'), 0);
    onTestFinished(() => chmodSync(join(made.folder, 'lost+found'), 0o700));
    return { ...made, places };
  };

  it('stands in the list with its reason, beside all others, and is reported once', async () => {
    const { source, places, folder, pass } = closed();
    const listed = await source.list();
    expect(listed.map(({ key }) => key)).toEqual(['ibm/granite', 'ibm/other', 'lost+found']);
    expect(listed.at(-1)?.description).toEqual(new Error('it cannot be read (EACCES)'));
    pass(1000);
    await source.list();
    expect(places).toEqual([{ path: join(folder, 'lost+found'), code: 'EACCES' }]);
  });

  it('says nothing of models elsewhere, and of those in it that they cannot be found now', async () => {
    const { source } = closed();
    expect((await source.find('ibm/granite'))?.description).toMatchObject({ architecture: 'llama' });
    expect(await source.find('ibm/none')).toBeUndefined();
    await expect(source.find('lost+found/x')).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  });
});

describe('a folder of models that is too deep', () => {
  it('stands in the list with what to do, is reported once, and is no reason why a model is not found', async () => {
    const places: object[] = [];
    const { source, folder, pass } = newFolder({ onUnreadable: (place) => places.push(place) });
    const deep = 'ibm/suite/a/b/c';
    writeFiles(folder, { [`${deep}/x.gguf`]: '', 'ibm/suite/a/b/y.gguf': '', 'ibm/suite/a/b/pictures/z.png': '' });
    const listed = await source.list();
    expect(listed.map(({ key }) => key)).toEqual(['ibm/granite', 'ibm/other', 'ibm/suite', deep]);
    expect(listed.at(-1)?.description).toMatchObject({ message: expect.stringContaining('move them up') });
    pass(1000);
    await source.list();
    expect(places).toEqual([{ path: join(folder, deep), code: 'TOO_DEEP' }]);
    expect(await source.find('ibm/none')).toBeUndefined();
  });
});

describe('a folder of many files', () => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`a/m${index}.gguf`, '']));

  it('finds one without looking at the others, once it knows them', async () => {
    const test = newFolder({ patienceMilliseconds: 0 });
    writeFiles(test.folder, many);
    test.describeFiles = () => new Promise(() => {});
    expect(await test.source.list()).toHaveLength(602);
    test.describeFiles = async (paths) => paths.map(() => DESCRIBED);
    test.described.length = 0;
    // All others still wait to be looked at.
    expect((await test.source.find('a/m599'))?.description).toEqual(DESCRIBED);
    expect(test.described).toEqual([join(test.folder, 'a/m599.gguf')]);
  });

  it('looks at some at a time', async () => {
    const test = newFolder();
    writeFiles(test.folder, many);
    const batches: number[] = [];
    test.describeFiles = async (paths) => {
      batches.push(paths.length);
      return paths.map(() => DESCRIBED);
    };
    await test.source.list();
    await expect.poll(() => batches).toEqual([256, 256, 90]);
  });
});
