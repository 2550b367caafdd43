import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelDescription } from '@latchkey/engine';
import { describe, expect, it } from 'vitest';
import { createModelRegistry, type ModelRegistry, type ModelRegistryOptions } from '../../src/models/model-registry.ts';
import { describedModel } from '../scripted/engine-script.ts';
import { ScriptedEngine } from '../scripted/scripted-engine.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

/** With a clock that stands still until it is told how many milliseconds have gone by. */
function newRegistry(
  aliases: Record<string, string> = {},
  options: ModelRegistryOptions = {},
): {
  readonly registry: ModelRegistry;
  readonly engine: ScriptedEngine;
  readonly folder: string;
  readonly pass: (milliseconds: number) => void;
} {
  let time = 0;
  const pass = (milliseconds: number): void => {
    time += milliseconds;
  };
  const folder = temporaryFolder();
  writeFiles(folder, { 'ibm/granite.gguf': 'GGUF', 'ibm/other.gguf': 'GGUF' });
  const engine = new ScriptedEngine();
  const registry = createModelRegistry(folder, aliases, engine, { now: () => time, ...options });
  return { registry, engine, folder, pass };
}

describe('resolve', () => {
  it('gives the key that an alias stands for, and every other name as it is', () => {
    const { registry } = newRegistry({ 'gpt-4o': 'ibm/granite' });
    expect(registry.resolve('gpt-4o')).toBe('ibm/granite');
    expect(registry.resolve('ibm/granite')).toBe('ibm/granite');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('takes %s for a name like any other', (name) => {
    expect(newRegistry().registry.resolve(name)).toBe(name);
  });

  it('does not follow an alias to another alias', () => {
    expect(newRegistry({ a: 'b', b: 'c' }).registry.resolve('a')).toBe('b');
  });
});

describe('find', () => {
  it('describes a model once, however often it is asked for', async () => {
    const { registry, engine, folder } = newRegistry();
    await registry.find('ibm/granite');
    expect((await registry.find('ibm/granite')).description).toMatchObject({ architecture: 'llama' });
    expect(engine.described).toEqual([join(folder, 'ibm/granite.gguf')]);
  });

  it('describes a file again that has changed', async () => {
    const { registry, engine, folder, pass } = newRegistry();
    await registry.find('ibm/granite');
    writeFiles(folder, { 'ibm/granite.gguf': 'another GGUF' });
    pass(1000);
    await registry.find('ibm/granite');
    expect(engine.described).toHaveLength(2);
  });

  it('refuses a model that is not there, or no longer', async () => {
    const { registry, folder, pass } = newRegistry();
    await registry.find('ibm/granite');
    rmSync(join(folder, 'ibm/granite.gguf'));
    pass(1000);
    for (const key of ['ibm/granite', 'ibm/none', '../ibm/other', 'constructor']) {
      await expect(registry.find(key)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND', param: 'model' });
    }
  });
});

describe('the folder', () => {
  const keys = async ({ list }: ModelRegistry) => (await list()).map(({ file }) => file.key);

  it('is looked through once a second, however many ask', async () => {
    const { registry, folder, pass } = newRegistry();
    expect(await keys(registry)).toEqual(['ibm/granite', 'ibm/other']);
    rmSync(join(folder, 'ibm/other.gguf'));
    pass(999);
    expect(await keys(registry)).toEqual(['ibm/granite', 'ibm/other']);
    pass(1);
    expect(await keys(registry)).toEqual(['ibm/granite']);
  });

  it('is looked through again for a model that was not in it a moment ago', async () => {
    const { registry, folder } = newRegistry();
    await registry.list();
    writeFiles(folder, { 'ibm/third.gguf': 'GGUF' });
    expect((await registry.find('ibm/third')).file.key).toBe('ibm/third');
  });
});

describe('list', () => {
  it('waits for what a file says of itself only so long, and names it all the same', async () => {
    const { registry, engine, pass } = newRegistry({}, { patienceMilliseconds: 1 });
    const looking = Promise.withResolvers<readonly ModelDescription[]>();
    engine.describe = () => looking.promise;
    const late = await registry.list();
    expect(late.map(({ file, description }) => [file.key, (description as Error).message])).toEqual([
      ['ibm/granite', 'it is still being looked at'],
      ['ibm/other', 'it is still being looked at'],
    ]);
    looking.resolve([describedModel(), describedModel()]);
    pass(1000);
    expect((await registry.list()).map(({ description }) => description)).toEqual([describedModel(), describedModel()]);
  });

  it('looks only at files that are new to it, all in one go', async () => {
    const { registry, engine, folder, pass } = newRegistry();
    await registry.list();
    writeFiles(folder, { 'ibm/third.gguf': 'GGUF' });
    pass(1000);
    expect((await registry.list()).map(({ file }) => file.key)).toEqual(['ibm/granite', 'ibm/other', 'ibm/third']);
    expect(engine.described).toHaveLength(3);
  });

  it('keeps a file that is no model, with the reason', async () => {
    const { registry, engine } = newRegistry();
    engine.describeFile = (path) => new Error(path.endsWith('other.gguf') ? 'garbage' : 'truncated');
    expect((await registry.list()).map(({ description }) => (description as Error).message)).toEqual([
      'truncated',
      'garbage',
    ]);
  });

  it('takes a file for unreadable that the engine says nothing about', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'a/b.gguf': '' });
    const [model] = await createModelRegistry(folder, {}, { describe: async () => [] }).list();
    expect(model?.description).toBeInstanceOf(Error);
  });
});
