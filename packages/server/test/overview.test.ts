import type { ModelSource } from '@latchkey/engine';
import { ScriptedEngine, scriptedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { defineConfig } from '../src/config/define-config.ts';
import { createModelCatalog } from '../src/models/model-catalog.ts';
import { lookAround } from '../src/overview.ts';
import { temporaryFolder } from './scripted/temporary-folder.ts';

describe('what a server finds when it starts', () => {
  it('is its models, and names in the configuration that no model has', async () => {
    const engine = new ScriptedEngine();
    const [granite, q8] = [scriptedModel('ibm/granite'), scriptedModel('ibm/granite@q8_0')];
    const list = async () => [{ ...granite, names: ['ibm/granite@q4_k_m'] }, q8];
    const source: ModelSource = {
      list,
      find: async () => undefined,
      problems: async () => ['/m cannot be read (EACCES)'],
    };
    Object.assign(engine, { sources: [source] });
    const config = defineConfig({
      data: temporaryFolder(),
      aliases: { small: 'ibm/granite@q4_k_m', gone: 'ibm/none' },
      sampling: { '*': {}, 'ibm/other': {} },
    });
    const overview = await lookAround({
      config,
      catalog: createModelCatalog([engine], config.aliases),
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
        '/m cannot be read (EACCES)',
        'aliases: gone stands for ibm/none, and there is no such model',
        'sampling: there is no model ibm/other',
        'policy: models: no model is named',
        'mcpServers.a.x is not known and has no effect',
      ],
    });
  });
});
