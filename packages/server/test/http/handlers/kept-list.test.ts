import { scriptedModel } from '@latchkey/engine/testing';
import { expect, it } from 'vitest';
import { createModelHandlers } from '../../../src/http/handlers/models.ts';
import type { RequestContext } from '../../../src/http/request-context.ts';
import type { ModelCatalog } from '../../../src/models/model-catalog.ts';
import type { LoadedInstance, ModelPool } from '../../../src/models/model-pool.ts';

/** A caller that may see everything. */
const context = {
  get: () => undefined,
  query: {},
  auth: { decide: () => ({ allowed: true }), principal: { authority: [] } },
} as unknown as RequestContext;

it('the list of models is written once while nothing changes, and says at once what was loaded and unloaded', async () => {
  // The catalog has the same array while the models folder does not change.
  const models = [scriptedModel('ibm/a')];
  let loaded: readonly Pick<LoadedInstance, 'key' | 'contextLength'>[] = [];
  let written = 0;
  const catalog = { list: async () => models, aliases: {}, resolve: (name: string) => name };
  const pool = {
    loaded: () => loaded,
    contextFor: () => {
      written += 1;
      return 512;
    },
    mostContextOf: () => 4096,
  };
  const { openai } = createModelHandlers(catalog as unknown as ModelCatalog, pool as unknown as ModelPool);
  const contextOf = async (): Promise<unknown> => {
    const { body } = await openai(context);
    return JSON.parse((body as { text: string }).text).data[0].context_length;
  };
  expect([await contextOf(), await contextOf(), written]).toEqual([512, 512, 1]);
  loaded = [{ key: 'ibm/a', contextLength: 1024 }];
  expect(await contextOf()).toBe(1024);
  loaded = [{ key: 'ibm/a', contextLength: 2048 }];
  expect(await contextOf()).toBe(2048);
  loaded = [];
  expect(await contextOf()).toBe(512);
});
