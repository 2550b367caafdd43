import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelDescription } from '@latchkey/engine';
import { describedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { openDescriptionMemory } from '../../src/state/description-memory.ts';

import { temporaryFolder } from '../scripted/temporary-folder.ts';

const reasoning = { allowedOptions: ['off', 'on'], default: 'on' } as const;
const thinking = describedModel({ capabilities: { vision: false, trainedForToolUse: true, reasoning } });

describe('what is known of model files', () => {
  it.each<[string, ModelDescription | Error]>([
    ['a description', describedModel()],
    ['a template that fails', { ...describedModel(), templateFault: 'Line 3: there is no filter x.' }],
    ['one of a model that reasons', thinking],
    ['a verdict', new Error('damaged')],
  ])('is known to the next server: %s', async (_, description) => {
    const path = join(temporaryFolder(), 'descriptions.json');
    openDescriptionMemory(path).keep([{ path: '/m/a.gguf', stamp: '1', description }]);
    await expect.poll(() => existsSync(path)).toBe(true);
    const memory = openDescriptionMemory(path);
    expect(memory.recall('/m/a.gguf', '1')).toEqual(description);
    expect(memory.recall('/m/a.gguf', '2')).toBeUndefined();
    expect(memory.recall('/m/b.gguf', '1')).toBeUndefined();
    expect(memory.recall('constructor', '1')).toBeUndefined();
  });

  it.each(['', '{', '{"format":0,"files":{}}', '{"format":2,"files":{"/m/a.gguf":{"stamp":"1"}}}', 'null'])(
    'is nothing when its file holds %j',
    (text) => {
      const path = join(temporaryFolder(), 'descriptions.json');
      writeFileSync(path, text);
      expect(openDescriptionMemory(path).recall('/m/a.gguf', '1')).toBeUndefined();
    },
  );

  it('is kept nowhere when that cannot be written, without a word', () => {
    openDescriptionMemory('/nonexistent/descriptions.json').keep([]);
  });
});
