import { describe, expect, it } from 'vitest';
import { defineConfig } from '../src/config/define-config.ts';
import { createModelRegistry } from '../src/models/model-registry.ts';
import { lookAround } from '../src/overview.ts';
import { ScriptedEngine } from './scripted/scripted-engine.ts';
import { temporaryFolder, writeFiles } from './scripted/temporary-folder.ts';

describe('what a server finds when it starts', () => {
  it('is its models, and names in the configuration that no model has', async () => {
    const models = temporaryFolder();
    writeFiles(models, { 'ibm/granite/g-Q4_K_M.gguf': 'GGUF', 'ibm/granite/g-Q8_0.gguf': 'GGUF' });
    const config = defineConfig({
      data: temporaryFolder(),
      models,
      aliases: { small: 'ibm/granite@q4_k_m', gone: 'ibm/none' },
      sampling: { '*': {}, 'ibm/other': {} },
    });
    const overview = await lookAround({
      config,
      registry: createModelRegistry(models, config.aliases, new ScriptedEngine()),
      host: { servers: () => [], warnings: () => ['mcpServers.a.x is not known and has no effect'] },
      warnings: ['the first'],
      reviewPolicy: async () => [{ path: 'models', message: 'no model is named' }],
    });
    expect(overview).toEqual({
      models: ['ibm/granite', 'ibm/granite@q8_0'],
      unreadable: [],
      servers: [],
      warnings: [
        'the first',
        'aliases: gone stands for ibm/none, and there is no such model',
        'sampling: there is no model ibm/other',
        'policy: models: no model is named',
        'mcpServers.a.x is not known and has no effect',
      ],
    });
  });
});
