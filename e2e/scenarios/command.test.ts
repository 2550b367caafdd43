import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import type { Json } from '../support/json.ts';
import { type CommandOptions, runLatchkey } from '../support/latchkey-command.ts';
import { tiktoken } from '../support/mcp-servers.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
let server: TestServer;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer({ mcpServers: { tiktoken: tiktoken() } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Runs `latchkey … --json`, which must succeed, and reads what it printed. */
async function printed(...args: readonly string[]): Promise<Json> {
  const { exitCode, stdout, stderr } = await runLatchkey([...args, '--json']);
  if (exitCode !== 0) throw new Error(`latchkey ${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Takes a token through its whole life; the same with a server and without. */
async function tokenLife(data: string): Promise<string> {
  const token = (command: string, ...args: readonly string[]) => printed('token', command, ...args, '--data', data);
  const grant = JSON.stringify(CHAT_GRANT);
  const created = await token('create', '--name', 'scripted', '--grant', grant, '--expires', '90d');
  expect(created).toMatchObject({
    id: expect.stringMatching(/^[A-Za-z0-9]{8}$/),
    token: expect.stringMatching(new RegExp(`^sk-lm-${created.id}:[A-Za-z0-9]{20}$`)),
    name: 'scripted',
    grant: CHAT_GRANT,
    createdAt: expect.any(String),
  });
  expect((Date.parse(created.expiresAt) - Date.parse(created.createdAt)) / 86_400_000).toBeCloseTo(90, 2);

  const { token: secret, ...known } = created;
  expect(await token('show', created.id)).toMatchObject(known);
  expect((await token('list')).tokens.map(({ id }: Json) => id)).toContain(created.id);
  const file = join(folder.path, 'grant.json');
  writeFileSync(file, JSON.stringify({ actions: ['chat'], models: ['*'] }));
  const edited = await token('edit', created.id, '--name', 'renamed', '--grant', `@${file}`, '--expires', 'never');
  expect(edited).toMatchObject({ id: created.id, name: 'renamed', grant: { actions: ['chat'], models: ['*'] } });
  expect(edited).not.toHaveProperty('expiresAt');
  const { revoked } = await token('revoke', created.id);
  expect(revoked).toMatchObject([{ id: created.id, revokedAt: expect.any(String) }]);
  return secret;
}

describe('latchkey token', () => {
  verifies('command.token', async () => {
    const secret = await tokenLife(server.data);
    expect((await createApi(server.url, secret).get('/api/v1/whoami')).status).toBe(401);
  });

  verifies('command.token-offline', async () => {
    const data = join(folder.path, 'offline');
    const revoked = await tokenLife(data);
    const made = await printed('token', 'create', '--name', 'early', '--data', data);
    await using later = await startServer({ data });
    const early = createApi(later.url, made.token);
    expect((await early.get('/api/v1/whoami')).body).toMatchObject({ id: made.id, name: 'early' });
    expect((await early.chat({ input: 'Hello' })).status).toBe(200);
    expect((await createApi(later.url, revoked).get('/api/v1/whoami')).status).toBe(401);
    expect((await later.admin.get('/api/v1/tokens')).body.tokens.map(({ id }: Json) => id)).toContain(made.id);
  });

  verifies('command.token-text', async () => {
    const { stdout, stderr } = await runLatchkey(['token', 'create', '--name', 'plain', '--url', server.url], {
      environment: { LATCHKEY_API_TOKEN: server.adminToken },
    });
    expect(stdout).toMatch(/^sk-lm-[A-Za-z0-9]{8}:[A-Za-z0-9]{20}\n$/);
    const secret = stdout.trim().slice(-20);
    expect(stderr).toContain("Token 'plain'");
    expect(stderr).not.toContain(secret);
  });

  for (const [what, args, says] of [
    ['a grant that is no JSON', ['create', '--name', 'x', '--grant', '{'], '--grant'],
    ['a grant that means nothing', ['create', '--name', 'x', '--grant', '{"actions":["fly"]}'], 'grant.actions'],
    ['a file that is not there', ['create', '--name', 'x', '--grant', '@/no/such/file'], '@/no/such/file'],
    ['a duration that is none', ['create', '--name', 'x', '--expires', 'soon'], 'soon'],
    ['a token that is not there', ['show', 'AAAAAAAA'], 'token'],
    ['an edit of nothing', ['edit', 'AAAAAAAA'], '--name'],
  ] as const) {
    verifies(
      'command.token-errors',
      async () => {
        const { exitCode, stdout, stderr } = await runLatchkey(['token', ...args, '--data', server.data]);
        expect(exitCode).toBe(what === 'a token that is not there' ? 5 : 2);
        expect(stdout).toBe('');
        expect(stderr).toMatch(/^latchkey: [^\n]+\n$/);
        expect(stderr).toContain(says);
      },
      what,
    );
  }
});

describe('the commands for callers', () => {
  const as = (token: string): CommandOptions => ({ environment: { LATCHKEY_API_TOKEN: token } });

  verifies('command.connection', async () => {
    const holder = await createToken(server, 'from the environment', CHAT_GRANT);
    const idOf = async (args: readonly string[], environment: Record<string, string>): Promise<string> => {
      // Whoever runs the tests may have logged in somewhere.
      const home = { HOME: folder.path, USERPROFILE: folder.path };
      const { stdout, stderr } = await runLatchkey(['whoami', '--json', ...args], {
        environment: { ...home, ...environment },
      });
      return stdout === '' ? stderr : JSON.parse(stdout).id;
    };
    const admin = (await server.admin.get('/api/v1/whoami')).body.id;
    expect(await idOf(['--data', server.data], {})).toBe(admin);
    expect(await idOf([], { LATCHKEY_DATA: server.data })).toBe(admin);
    for (const variable of ['LATCHKEY_API_TOKEN', 'LM_API_TOKEN']) {
      expect(await idOf(['--url', server.url], { [variable]: holder.token })).toBe(holder.id);
    }
    expect(await idOf(['--url', server.url], {})).toContain('HTTP 401');
  });

  verifies('command.chat', async () => {
    const holder = await createToken(server, 'reader', withTools({ 'mcp/tiktoken': { 'fetch_*': {} } }));
    const question = 'What is the first line in the tiktoken documentation?';
    const args = ['chat', '--url', server.url, '--model', NANO, '--integration', 'mcp/tiktoken', question];
    const { exitCode, stdout, stderr } = await runLatchkey(args, as(holder.token));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[^\n]*# tiktoken\n$/);
    expect(stderr).toContain('fetch_tiktoken_documentation');

    const json = await runLatchkey([...args, '--json'], as(holder.token));
    expect(JSON.parse(json.stdout)).toMatchObject({ model_instance_id: NANO, output: [{ type: 'tool_call' }, {}] });

    const guest = await createToken(server, 'guest', CHAT_GRANT);
    const refused = await runLatchkey(args, as(guest.token));
    expect(refused).toMatchObject({ exitCode: 4, stdout: '' });
    expect(refused.stderr).toMatch(/^latchkey: .*mcp\/tiktoken.*\(HTTP 403\)\n$/);
  });

  verifies('command.models', async () => {
    const { stdout } = await runLatchkey(['models', '--data', server.data]);
    expect(stdout).toMatch(new RegExp(`^MODEL .*\\n${NANO} `));
    const { models } = await printed('models', '--data', server.data);
    expect(models).toEqual((await server.admin.get('/api/v1/models')).body.models);
  });

  verifies('command.whoami', async () => {
    const holder = await createToken(server, 'curious', CHAT_GRANT);
    const { stdout } = await runLatchkey(['whoami', '--url', server.url], as(holder.token));
    expect(stdout).toContain(`curious  ${holder.id}`);
    expect(stdout).toContain(`token curious\n  may: chat, models:read\n  models: ${NANO}\n  tools: none\n`);
  });
});
