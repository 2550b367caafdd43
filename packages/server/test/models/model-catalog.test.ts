import { ScriptedEngine, scriptedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { createModelCatalog } from '../../src/models/model-catalog.ts';

const NEVER = new AbortController().signal;
const OPTIONS = { contextLength: 64, parallel: 1 };

function engineWith(...keys: string[]): ScriptedEngine {
  const engine = new ScriptedEngine();
  engine.keys = keys;
  return engine;
}

describe('another name', () => {
  const catalog = createModelCatalog([], { 'gpt-4o': 'ibm/granite', a: 'b', b: 'c' });

  it('gives the key that an alias stands for, and every other name as it is', () => {
    expect(catalog.resolve('gpt-4o')).toBe('ibm/granite');
    expect(catalog.resolve('ibm/granite')).toBe('ibm/granite');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('takes %s for a name like any other', (name) => {
    expect(catalog.resolve(name)).toBe(name);
  });

  it('may stand for every name with one beginning; the longest counts, and an exact one before all', () => {
    const { resolve, aliases } = createModelCatalog([], {
      'claude-*': 'ibm/granite',
      'claude-haiku-*': 'ibm/tiny',
      'claude-haiku-9': 'latchkey/nano',
    });
    expect(['claude-opus-9', 'claude-haiku-1', 'claude-haiku-9', 'claude'].map(resolve)).toEqual([
      ...['ibm/granite', 'ibm/tiny', 'latchkey/nano', 'claude'],
    ]);
    expect(aliases).toEqual({ 'claude-haiku-9': 'latchkey/nano' });
  });

  it('does not follow an alias to another alias', () => {
    expect(catalog.resolve('a')).toBe('b');
  });
});

describe('the models of several engines', () => {
  it('are listed together, each key once, that of the first engine', async () => {
    const [first, second] = [engineWith('a/one', 'a/both'), engineWith('a/both', 'a/two')];
    const models = await createModelCatalog([first, second], {}).list();
    expect(models.map(({ key }) => key)).toEqual(['a/one', 'a/both', 'a/two']);
  });

  it('are opened by the engine that offers them, the first of two', async () => {
    const [first, second] = [engineWith('a/one', 'a/both'), engineWith('a/both', 'a/two')];
    const catalog = createModelCatalog([first, second], {});
    for (const key of ['a/two', 'a/both']) await catalog.open(await catalog.find(key), OPTIONS, NEVER);
    expect([first, second].map(({ loads }) => loads.map(({ model }) => model.key))).toEqual([['a/both'], ['a/two']]);
  });

  it('refuse a key that none of them has, by name', async () => {
    const catalog = createModelCatalog([engineWith('a/one'), engineWith()], {});
    for (const key of ['a/none', '../a/one', 'constructor']) {
      await expect(catalog.find(key)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND', field: 'model' });
    }
  });

  it('say which names are taken: those of models and of aliases, also while a source cannot be read', async () => {
    const silent = new ScriptedEngine();
    const source = { find: async () => Promise.reject(new Error('closed')), list: async () => [] };
    Object.defineProperty(silent, 'sources', { value: [source] });
    const catalog = createModelCatalog([engineWith('a/one:2')], { 'a/one:3': 'a/one', 'b/*': 'a/one' });
    const names = ['a/one:2', 'a/one:3', 'a/one:4', 'b/one', 'constructor'];
    expect(await Promise.all(names.map(catalog.isNamed))).toEqual([true, true, false, false, false]);
    expect(await createModelCatalog([silent], {}).isNamed('a/one:4')).toBe(true);
  });

  it('do not open what no engine offers', async () => {
    const opening = createModelCatalog([engineWith('a/one')], {}).open(scriptedModel('a/one'), OPTIONS, NEVER);
    await expect(opening).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED' });
  });
});
