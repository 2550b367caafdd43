import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { tiktoken } from '../support/mcp-servers.ts';
import { NANO, startServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
beforeAll(() => {
  folder = createTemporaryFolder();
});
afterAll(() => folder[Symbol.dispose]());

const denied = { status: 403, body: { error: { code: 'permission_denied' } } };
const PATH = '/api/v1/settings';

describe('the settings of an installation', () => {
  verifies('settings.kept', async () => {
    const data = join(folder.path, 'kept');
    const change = { tokenKinds: { legacy: false }, personalAccessTokenTtl: '30d', accessTokenTtl: 60 };
    await (async () => {
      await using server = await startServer({ data });
      expect((await server.admin.patch(PATH, change)).body).toMatchObject({ personalAccessTokenTtl: 2_592_000 });
    })();
    await using server = await startServer({ data });
    expect((await server.admin.get(PATH)).body).toEqual({
      requireAuthentication: true,
      tokenKinds: {
        'api-key': true,
        custom: true,
        'personal-access': true,
        access: true,
        legacy: false,
        'place-bound': false,
        attenuated: true,
      },
      personalAccessTokenTtl: 2_592_000,
      accessTokenTtl: 60,
      unusedTokenTtl: 0,
      allowMcpJson: true,
      allowEphemeralMcp: false,
      lockdown: false,
    });
  });

  verifies('settings.who', async () => {
    await using server = await startServer();
    const reader = await createToken(server, 'reader', { actions: ['settings:read'] });
    expect((await reader.get(PATH)).status).toBe(200);
    expect(await reader.patch(PATH, { allowMcpJson: false })).toMatchObject(denied);
    const chatter = await createToken(server, 'chatter', CHAT_GRANT);
    expect(await chatter.get(PATH)).toMatchObject(denied);
    expect((await createApi(server.url, undefined).get(PATH)).status).toBe(401);
  });

  verifies('settings.authentication', async () => {
    await using server = await startServer();
    const anybody = createApi(server.url, undefined);
    expect((await anybody.chat({ input: 'Hello' })).status).toBe(401);
    expect((await server.admin.patch(PATH, { requireAuthentication: false })).status).toBe(200);
    expect((await anybody.chat({ input: 'Hello' })).status).toBe(200);
    expect(await anybody.get('/api/v1/tokens')).toMatchObject(denied);
    expect((await anybody.patch(PATH, { requireAuthentication: true })).status).toBe(401);
    expect((await server.admin.patch(PATH, { requireAuthentication: true })).status).toBe(200);
    expect((await anybody.chat({ input: 'Hello' })).status).toBe(401);
  });

  verifies(
    'settings.authentication-fixed',
    async () => {
      await using server = await startServer({ flags: ['--host', '0.0.0.0'] });
      const local = createApi(server.url.replace('0.0.0.0', '127.0.0.1'), server.adminToken);
      const answer = await local.patch(PATH, { requireAuthentication: false });
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
      expect(answer.body.error.message).toContain('Refusing to listen on 0.0.0.0 without authentication');
    },
    'on an address that others reach',
  );

  verifies(
    'settings.authentication-fixed',
    async () => {
      await using server = await startServer({ flags: ['--no-auth'] });
      const answer = await server.admin.patch(PATH, { requireAuthentication: true });
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
      expect(answer.body.error.message).toContain('--no-auth');
    },
    'with --no-auth',
  );

  verifies('settings.mcp', async () => {
    await using server = await startServer({ mcpServers: { tiktoken: tiktoken() } });
    const holder = await createToken(server, 'holder', withTools({ 'mcp/tiktoken': { '*': {} } }));
    const request = { input: 'Hello', integrations: ['mcp/tiktoken'] };
    await server.admin.patch(PATH, { allowMcpJson: false });
    const answers = [
      await holder.chat(request),
      await holder.post('/v1/chat/completions', {
        model: NANO,
        messages: [{ role: 'user', content: 'Hello' }],
        integrations: ['mcp/tiktoken'],
      }),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject(denied);
      expect(answer.body.error.message).toContain('allowMcpJson');
    }
    const ephemeral = { type: 'ephemeral_mcp', server_label: 'x', server_url: 'https://x.example/mcp' };
    const refused = await holder.chat({ input: 'Hello', integrations: [ephemeral] });
    expect(refused).toMatchObject(denied);
    expect(refused.body.error.message).toContain('allowEphemeralMcp');
    await server.admin.patch(PATH, { allowMcpJson: true });
    expect((await holder.chat(request)).status).toBe(200);
  });

  verifies('settings.kinds', async () => {
    await using server = await startServer();
    const holder = await createToken(server, 'holder', CHAT_GRANT);
    expect((await holder.chat({ input: 'Hello' })).status).toBe(200);
    expect((await server.admin.patch(PATH, { tokenKinds: { 'api-key': false } })).status).toBe(200);
    expect(await holder.get('/api/v1/whoami')).toMatchObject({ status: 401 });
    expect(await server.admin.get(PATH)).toMatchObject({ status: 401 });

    server.signal('SIGTERM');
    await server.exited;
    const on = await runLatchkey(['settings', 'set', 'tokenKinds.api-key=true', '--data', server.data]);
    expect(on).toMatchObject({ exitCode: 0, stdout: 'tokenKinds.api-key  true\n' });
    await using again = await startServer({ data: server.data });
    expect((await createApi(again.url, holder.token).get('/api/v1/whoami')).status).toBe(200);
  });

  verifies('command.settings', async () => {
    await using server = await startServer();
    const settings = (...args: readonly string[]) => runLatchkey(['settings', ...args, '--data', server.data]);
    expect(await settings('set', 'accessTokenTtl=2m', 'tokenKinds.legacy=false')).toEqual({
      exitCode: 0,
      stdout: 'tokenKinds.legacy  false\naccessTokenTtl     120\n',
      stderr: 'This counts at once, and within a second on other servers of the same database.\n',
    });
    expect((await settings('get', 'accessTokenTtl')).stdout).toBe('120\n');
    expect((await settings('get', 'tokenKinds.legacy')).stdout).toBe('false\n');
    expect(JSON.parse((await settings('get', '--json')).stdout)).toEqual((await server.admin.get(PATH)).body);
    const refused = await settings('set', 'accessTokenTtl=2h');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^latchkey: 'accessTokenTtl' [^\n]*at most 1 hour[^\n]*\(HTTP 400\)\n$/);
    expect((await settings('get', 'accesTokenTtl')).stderr).toMatch(/^latchkey: There is no setting 'accesTokenTtl'/);
  });
});
