import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Grant } from '@latchkey/auth-core/llm';

import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Answer, createApi } from '../support/api.ts';
import type { Json } from '../support/json.ts';
import { modelsFolder, NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const SECRET = /^sk-lm-([A-Za-z0-9]{8}):([A-Za-z0-9]{20})$/;

let folder: TemporaryFolder;
let server: TestServer;
beforeAll(async () => {
  folder = createTemporaryFolder();
  mkdirSync(join(folder.path, 'latchkey'));
  // A second model, so that there is one that a token may not use.
  for (const name of ['nano', 'other']) {
    copyFileSync(join(modelsFolder, 'latchkey', 'nano.gguf'), join(folder.path, 'latchkey', `${name}.gguf`));
  }
  server = await startServer({ config: { models: folder.path } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const error = (status: number, code: string, more: object = {}) => ({ status, body: { error: { code, ...more } } });
const hello = { input: 'Hello' };

describe('a token', () => {
  verifies('tokens.create', async () => {
    const answer = await server.admin.post('/api/v1/tokens', { name: 'fresh', grant: CHAT_GRANT });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { token, ...rest } = answer.body;
    expect(SECRET.exec(token)?.[1]).toBe(rest.id);
    const shown = await server.admin.get(`/api/v1/tokens/${rest.id}`);
    expect(shown.body).toMatchObject({ id: rest.id, name: 'fresh', grant: CHAT_GRANT });
    const listed = await server.admin.get('/api/v1/tokens');
    expect(listed.body.tokens.map(({ id }: Json) => id)).toContain(rest.id);
    const secret = SECRET.exec(token)?.[2] ?? '';
    expect(JSON.stringify([rest, shown.body, listed.body])).not.toContain(secret);
  });

  verifies('tokens.edit', async () => {
    const holder = await createToken(server, 'edited', CHAT_GRANT);
    expect((await holder.chat(hello)).status).toBe(200);
    const models = ['latchkey/other'];
    const edited = await server.admin.patch(`/api/v1/tokens/${holder.id}`, { grant: { ...CHAT_GRANT, models } });
    expect(edited.body.grant.models).toEqual(models);
    expect(await holder.chat(hello)).toMatchObject(error(403, 'permission_denied', { param: 'model' }));
    await server.admin.patch(`/api/v1/tokens/${holder.id}`, { grant: CHAT_GRANT });
    expect((await holder.chat(hello)).status).toBe(200);
  });

  verifies('tokens.revoke', async () => {
    const holder = await createToken(server, 'revoked', CHAT_GRANT);
    expect((await holder.get('/api/v1/whoami')).status).toBe(200);
    expect((await server.admin.delete(`/api/v1/tokens/${holder.id}`)).body).toMatchObject({
      id: holder.id,
      revokedAt: expect.any(String),
    });
    expect(await holder.get('/api/v1/whoami')).toMatchObject(error(401, 'token_revoked'));
  });

  verifies('tokens.grant-expiry', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const over = await createToken(server, 'over', { ...CHAT_GRANT, expiresAt: '2020-01-01T00:00:00Z' });
    expect(await over.chat(hello)).toMatchObject(error(403, 'permission_denied'));
    const lasting = await createToken(server, 'lasting', CHAT_GRANT, { expiresAt });
    expect((await lasting.get('/api/v1/whoami')).body.expiresAt).toBe(expiresAt);
    const past = { name: 'past', grant: CHAT_GRANT, expiresAt: '2020-01-01T00:00:00Z' };
    expect(await server.admin.post('/api/v1/tokens', past)).toMatchObject(
      error(400, 'invalid_value', { param: 'expiresAt' }),
    );
  });

  verifies('tokens.covered', async () => {
    const grant: Grant = { actions: ['chat', 'models:read', 'tokens:read', 'tokens:write'], models: [NANO] };
    const lead = await createToken(server, 'lead', grant);
    const make = (narrower: Grant): Promise<Answer> =>
      lead.post('/api/v1/tokens', { name: 'made by lead', grant: narrower });
    const made = await make({ actions: ['chat'], models: [NANO] });
    expect(made.status).toBe(201);
    const wider: Grant[] = [
      { actions: ['*'], models: [NANO] },
      { actions: ['chat'], models: ['*'] },
      { actions: ['chat'], models: [NANO], mcp: { 'mcp/files': { tools: { '*': {} } } } },
      { actions: ['chat'], models: [NANO], ephemeralMcp: { hosts: ['*'], tools: ['*'] } },
    ];
    for (const wide of wider) expect(await make(wide)).toMatchObject(error(403, 'permission_denied'));
    const widen = { grant: { actions: ['*'], models: ['*'] } };
    for (const id of [lead.id, made.body.id]) {
      expect(await lead.patch(`/api/v1/tokens/${id}`, widen)).toMatchObject(error(403, 'permission_denied'));
    }
  });

  verifies('tokens.visible', async () => {
    const grant: Grant = { actions: ['chat', 'tokens:read', 'tokens:write'], models: [NANO] };
    const lead = await createToken(server, 'narrow lead', grant);
    const wide = await createToken(server, 'wide', { actions: ['chat'], models: ['*'] });
    const listed = (await lead.get('/api/v1/tokens')).body.tokens.map(({ id }: Json) => id);
    expect(listed).toContain(lead.id);
    expect(listed).not.toContain(wide.id);
    const attempts = (id: string) => [
      lead.get(`/api/v1/tokens/${id}`),
      lead.patch(`/api/v1/tokens/${id}`, { name: 'mine' }),
      lead.delete(`/api/v1/tokens/${id}`),
    ];
    const [hidden, absent] = [await Promise.all(attempts(wide.id)), await Promise.all(attempts('AAAAAAAA'))];
    expect(hidden.map(({ status, body }) => ({ status, body }))).toEqual(
      absent.map(({ status, body }) => ({ status, body })),
    );
    for (const answer of hidden) expect(answer).toMatchObject(error(404, 'not_found'));
  });

  verifies('tokens.administration', async () => {
    const holder = await createToken(server, 'chatter', CHAT_GRANT);
    const attempts = [
      holder.get('/api/v1/tokens'),
      holder.post('/api/v1/tokens', { name: 'x', grant: CHAT_GRANT }),
      holder.patch(`/api/v1/tokens/${holder.id}`, { grant: { actions: ['*'] } }),
      holder.delete(`/api/v1/tokens/${holder.id}`),
    ];
    for (const answer of await Promise.all(attempts)) expect(answer).toMatchObject(error(403, 'permission_denied'));
  });

  verifies('tokens.whoami', async () => {
    const holder = await createToken(server, 'somebody', CHAT_GRANT);
    const { body } = await holder.get('/api/v1/whoami');
    expect(body).toMatchObject({ id: holder.id, name: 'somebody', expiresAt: null });
    expect(body.authority.at(-1)).toMatchObject({ grant: CHAT_GRANT });
  });
});

describe('who sends no valid token', () => {
  const unknown = 'sk-lm-abcdefgh:abcdefghijklmnopqrst';
  for (const [what, token] of [
    ['none', undefined],
    ['a malformed one', 'sk-lm-oops'],
    ['an unknown one', unknown],
  ] as const) {
    verifies(
      'tokens.unauthenticated',
      async () => {
        const stranger = createApi(server.url, token);
        for (const path of ['/api/v1/whoami', '/api/v1/models', '/api/v1/tokens', '/v1/models']) {
          const answer = await stranger.get(path);
          expect(answer).toMatchObject(error(401, 'invalid_api_key'));
          expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer\b/);
          if (token !== undefined) expect(answer.body.error.message).not.toContain(token);
        }
        // Nobody reads what strangers send.
        expect(await stranger.post('/api/v1/chat', '{')).toMatchObject(error(401, 'invalid_api_key'));
      },
      what,
    );
  }

  verifies('tokens.wrong-secret', async () => {
    const holder = await createToken(server, 'guessed', CHAT_GRANT);
    const wrong = `sk-lm-${holder.id}:${'a'.repeat(20)}`;
    const absent = `sk-lm-AAAAAAAA:${'a'.repeat(20)}`;
    const [guessed, made] = await Promise.all(
      [wrong, absent].map((token) => createApi(server.url, token).get('/api/v1/whoami')),
    );
    expect(guessed).toMatchObject(error(401, 'invalid_api_key'));
    expect(guessed?.body).toEqual(made?.body);
  });
});

describe('models', () => {
  verifies('models.listed', async () => {
    const holder = await createToken(server, 'one model', CHAT_GRANT);
    const keys = async (api: typeof server.admin) => [
      (await api.get('/api/v1/models')).body.models.map(({ key }: Json) => key),
      (await api.get('/v1/models')).body.data.map(({ id }: Json) => id),
    ];
    expect(await keys(holder)).toEqual([[NANO], [NANO]]);
    expect(await keys(server.admin)).toEqual([
      [NANO, 'latchkey/other'],
      [NANO, 'latchkey/other'],
    ]);
  });

  verifies('models.no-existence', async () => {
    const holder = await createToken(server, 'curious', CHAT_GRANT);
    const [forbidden, absent] = await Promise.all(
      ['latchkey/other', 'latchkey/absent'].map(async (model) => {
        const { status, body } = await holder.chat({ ...hello, model });
        return JSON.stringify({ status, body }).replaceAll(model, 'MODEL');
      }),
    );
    expect(forbidden).toBe(absent);
    expect(JSON.parse(forbidden ?? '')).toMatchObject(error(403, 'permission_denied', { param: 'model' }));
  });
});
