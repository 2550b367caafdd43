import { says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from '../in-process-client.ts';
import { newServer } from '../new-server.ts';

describe('the lists of models', () => {
  it.each([
    [['*'], ['ibm/granite', 'ibm/other']],
    [['ibm/g*'], ['ibm/granite']],
    [['small'], []],
    [[], []],
  ])('show a token for the models %j no others than these', async (models, expected) => {
    const server = await newServer();
    const token = await server.issue({ actions: ['models:read'], models });
    const ours = (await send(server.app, { path: '/api/v1/models', token })).json() as {
      models: { key: string }[];
      aliases?: Record<string, string>;
    };
    const openais = (await send(server.app, { path: '/v1/models', token })).json() as { data: { id: string }[] };
    expect(ours.models.map(({ key }) => key)).toEqual(expected);
    const aliases = expected.includes('ibm/granite') ? ['small'] : [];
    expect(openais.data.map(({ id }) => id)).toEqual([...expected, ...aliases]);
    expect(Object.keys(ours.aliases ?? {})).toEqual(aliases);
  });

  it.each(['ibm/granite', 'ibm%2Fgranite', 'small'])('have an entry for %s alone', async (id) => {
    const server = await newServer();
    const token = await server.issue({ actions: ['models:read'], models: ['ibm/g*'] });
    const answer = await send(server.app, { path: `/v1/models/${id}`, token });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ id: decodeURIComponent(id), object: 'model', owned_by: 'ibm' });
  });

  it.each(['ibm/other', 'no/such', 'ibm', '%', '%00', '%2e%2e%2f', 'x'.repeat(2000)])(
    'have none for %s, be it forbidden or made up',
    async (id) => {
      const server = await newServer();
      const token = await server.issue({ actions: ['models:read'], models: ['ibm/g*'] });
      const answer = await send(server.app, { path: `/v1/models/${id}`, token });
      expect([400, 404]).toContain(answer.status);
      expect(answer.json()).toHaveProperty('error.code');
    },
  );

  it('say which models are loaded', async () => {
    const server = await newServer({ turns: [says('Hi')] });
    const token = await server.issue({ actions: ['chat', 'models:read'], models: ['*'] });
    const body = { model: 'ibm/granite', input: 'Hi' };
    await send(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    expect((await send(server.app, { path: '/api/v1/models', token })).json()).toMatchObject({
      models: [
        {
          key: 'ibm/granite',
          loaded_instances: [{ id: 'ibm/granite', config: { context_length: 1024, parallel: 2 } }],
        },
        { key: 'ibm/other', loaded_instances: [] },
      ],
    });
  });
});
