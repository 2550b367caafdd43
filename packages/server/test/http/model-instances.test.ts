import type { Grant } from '@latchkey/auth-core/llm';
import { finish, message, progress, says, type Turn } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const LOADER: Grant = { actions: ['models:load'], models: ['ibm/granite'] };
const USER: Grant = { actions: ['chat', 'models:read'], models: ['ibm/*'] };

const post = (server: TestServer, token: string, what: string, body: unknown) =>
  send(server.app, { method: 'POST', path: `/api/v1/models/${what}`, token, body });
const chat = (server: TestServer, token: string, model: string) =>
  send(server.app, { method: 'POST', path: '/api/v1/chat', token, body: { model, input: 'Hi' } });
const instances = async (server: TestServer, token: string) => {
  const { models } = (await send(server.app, { path: '/api/v1/models', token })).json() as {
    models: { key: string; loaded_instances: { id: string }[] }[];
  };
  return models.flatMap((model) => model.loaded_instances.map(({ id }) => id));
};

describe('POST /api/v1/models/load', () => {
  it('answers as LM Studio does, with key:2 for the second instance', async () => {
    const server = await newServer();
    const token = await server.issue(LOADER);
    const first = await post(server, token, 'load', { model: 'ibm/granite' });
    expect([first.status, first.json()]).toEqual([
      200,
      { type: 'llm', instance_id: 'ibm/granite', load_time_seconds: expect.any(Number), status: 'loaded' },
    ]);
    const second = await post(server, token, 'load', {
      ...{ model: 'ibm/granite', context_length: 512, eval_batch_size: 64, flash_attention: true },
      ...{ echo_load_config: true, offload_kv_cache_to_gpu: true, parallel: 1, key_cache: 'q8_0' },
    });
    expect(second.json()).toMatchObject({
      instance_id: 'ibm/granite:2',
      load_config: {
        ...{ context_length: 512, eval_batch_size: 64, flash_attention: true, parallel: 1, key_cache: 'q8_0' },
      },
    });
    expect(server.engine.loads[1]?.options).toMatchObject({
      contextLength: 512,
      parallel: 1,
      settings: { batchSize: 64, flashAttention: true, keyCache: 'q8_0' },
    });
    expect(await instances(server, await server.issue(USER))).toEqual(['ibm/granite', 'ibm/granite:2']);
  });

  it('takes an alias', async () => {
    const server = await newServer();
    const answer = await post(server, await server.issue(LOADER), 'load', { model: 'small' });
    expect(answer.json()).toMatchObject({ instance_id: 'ibm/granite' });
  });

  it.each([
    ['a model beyond the token', 403, { model: 'ibm/other' }, { code: 'permission_denied', param: 'model' }],
    ['a model that is not there, beyond the token', 403, { model: 'x/y' }, { code: 'permission_denied' }],
    ['too much context', 400, { model: 'ibm/granite', context_length: 99_999 }, { param: 'context_length' }],
    ['an unknown key', 400, { model: 'ibm/granite', gpu: 'max' }, { code: 'unrecognized_keys', param: 'gpu' }],
    ['no model', 400, {}, { code: 'missing_required_parameter', param: 'model' }],
    ['a cache off the GPU', 400, { model: 'ibm/granite', offload_kv_cache_to_gpu: false }, {}],
  ])('refuses %s, and loads nothing', async (_, status, body, error) => {
    const server = await newServer();
    const answer = await post(server, await server.issue(LOADER), 'load', body);
    expect([answer.status, answer.json()]).toMatchObject([status, { error }]);
    expect(server.engine.loads).toEqual([]);
  });

  it('knows no model that is not there', async () => {
    const server = await newServer();
    const answer = await post(server, await server.issue({ ...LOADER, models: ['*'] }), 'load', { model: 'x/y' });
    expect([answer.status, answer.json()]).toMatchObject([404, { error: { type: 'model_not_found' } }]);
  });
});

describe('a request that names an instance', () => {
  it('is decided by the key of its model, and answered by the instance', async () => {
    const server = await newServer({ turns: [says('Hi'), says('Hi')] });
    const loader = await server.issue(LOADER);
    for (const _ of [1, 2]) await post(server, loader, 'load', { model: 'ibm/granite' });
    const allowed = await server.issue({ actions: ['chat'], models: ['ibm/granite'] });
    expect((await chat(server, allowed, 'ibm/granite:2')).status).toBe(200);
    const other = await server.issue({ actions: ['chat'], models: ['ibm/other', 'ibm/granite:2'] });
    expect((await chat(server, other, 'ibm/granite:2')).status).toBe(403);
    expect(server.engine.requests).toHaveLength(1);
  });
});

describe('POST /api/v1/models/unload', () => {
  it('unloads the instance that it names and no other', async () => {
    const server = await newServer();
    const loader = await server.issue(LOADER);
    for (const _ of [1, 2]) await post(server, loader, 'load', { model: 'ibm/granite' });
    const answer = await post(server, loader, 'unload', { instance_id: 'ibm/granite:2' });
    expect([answer.status, answer.json()]).toEqual([200, { instance_id: 'ibm/granite:2' }]);
    expect(server.engine.models.map(({ disposed }) => disposed)).toEqual([false, true]);
    expect(await instances(server, await server.issue(USER))).toEqual(['ibm/granite']);
  });

  it('waits for the requests that use it, and lets them end', async () => {
    const held = Promise.withResolvers<void>();
    const turn: Turn = async function* () {
      yield progress();
      yield message('slow');
      await held.promise;
      yield message('ly');
      yield finish();
    };
    const server = await newServer({ turns: [turn] });
    const chatting = chat(server, await server.issue(USER), 'ibm/granite');
    await expect.poll(() => server.engine.requests.length).toBe(1);
    const unloading = post(server, await server.issue(LOADER), 'unload', { instance_id: 'ibm/granite' });
    const refused = await post(server, await server.issue({ actions: ['models:load'] }), 'unload', {
      instance_id: 'ibm/granite',
    });
    expect(refused.status).toBe(403);
    expect(server.engine.models[0]?.disposed).toBe(false);
    held.resolve();
    expect((await chatting).text).toContain('slowly');
    expect((await unloading).status).toBe(200);
    expect(server.engine.models[0]?.disposed).toBe(true);
  });

  it('knows no instance that is not in memory', async () => {
    const server = await newServer();
    const answer = await post(server, await server.issue(LOADER), 'unload', { instance_id: 'ibm/granite' });
    expect([answer.status, answer.json()]).toMatchObject([
      404,
      { error: { type: 'model_not_found', param: 'instance_id' } },
    ]);
  });
});
