import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Api } from '../support/api.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const inProject = (project: string): Record<string, string> => ({ 'Latchkey-Project': project });
const WEB = inProject('web');
const denied = { status: 403, body: { error: { code: 'permission_denied' } } };

const chat = (api: Api, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  api.request('POST', '/api/v1/chat', { model: NANO, ...body }, headers);

describe('a project', () => {
  verifies('projects.responses', async () => {
    const holder = await createToken(server, 'holder', CHAT_GRANT);
    const remembered = await chat(holder, { input: 'My favorite color is teal.' }, WEB);
    const next = { input: 'What is my favorite color?', previous_response_id: remembered.body.response_id };
    const foreign = await chat(holder, next, inProject('mobile'));
    expect(foreign).toMatchObject({ status: 404, body: { error: { code: 'previous_response_not_found' } } });
    expect((await chat(holder, next)).body).toEqual(foreign.body);
    expect((await chat(holder, next, WEB)).body.output[0].content).toContain('teal');
  });

  verifies('projects.bound', async () => {
    const bound = await createToken(server, 'bound', CHAT_GRANT, { project: 'web' });
    expect((await bound.get('/api/v1/whoami')).body.project).toBe('web');
    expect((await chat(bound, { input: 'Hello' }, WEB)).status).toBe(200);
    expect(await chat(bound, { input: 'Hello' }, inProject('mobile'))).toMatchObject(denied);
  });

  verifies('projects.granted', async () => {
    const holder = await createToken(server, 'granted', { ...CHAT_GRANT, projects: ['web*'] });
    expect((await chat(holder, { input: 'Hello' }, inProject('website'))).status).toBe(200);
    expect(await chat(holder, { input: 'Hello' }, inProject('mobile'))).toMatchObject(denied);
    expect(await chat(holder, { input: 'Hello' })).toMatchObject(denied);
  });

  verifies('projects.whoami', async () => {
    const holder = await createToken(server, 'somebody', CHAT_GRANT);
    expect((await holder.request('GET', '/api/v1/whoami', undefined, WEB)).body.project).toBe('web');
    expect((await holder.get('/api/v1/whoami')).body.project).toBeNull();
  });

  verifies('projects.usage', async () => {
    const holder = await createToken(server, 'counted', { ...CHAT_GRANT, actions: ['chat', 'usage:read'] });
    for (const headers of [{}, WEB, WEB]) await chat(holder, { input: 'Hello' }, headers);
    expect((await holder.get('/api/v1/usage?group=project')).body.rows).toMatchObject([
      { project: null, requests: 1 },
      { project: 'web', requests: 2 },
    ]);
    const path = '/api/v1/usage?group=project';
    expect((await holder.request('GET', path, undefined, WEB)).body.totals.requests).toBe(2);
    expect((await holder.request('GET', path, undefined, inProject('mobile'))).body.rows).toEqual([]);
  });

  verifies('projects.command', async () => {
    const holder = await createToken(server, 'at the terminal', CHAT_GRANT);
    const environment = { LATCHKEY_API_TOKEN: holder.token };
    const flags = ['--url', server.url, '--project', 'web', '--json'];
    const who = await runLatchkey(['whoami', ...flags], { environment });
    expect(JSON.parse(who.stdout).project).toBe('web');
    const first = await runLatchkey(['chat', '--model', NANO, ...flags, 'Hello'], { environment });
    const next = { input: 'Hello', previous_response_id: JSON.parse(first.stdout).response_id };
    expect((await chat(holder, next)).status).toBe(404);
    expect((await chat(holder, next, WEB)).status).toBe(200);
  });
});

describe('GET /api/current-user/whoami', () => {
  verifies('label-studio.whoami', async () => {
    const grant = CHAT_GRANT;
    const owner = 'ada@example.com';
    const holder = await createToken(server, 'ada', grant, { owner });
    const { status, body } = await holder.get('/api/current-user/whoami');
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: holder.id, username: owner, email: owner, first_name: '', last_name: '' });
    expect(body.latchkey).toEqual((await holder.get('/api/v1/whoami')).body);
  });
});
