import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import type { Json } from '../support/json.ts';
import { type CommandOptions, type CommandOutcome, latchkeyPath, runLatchkey } from '../support/latchkey-command.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
let home: TemporaryFolder;
beforeAll(async () => {
  server = await startServer();
  home = createTemporaryFolder();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

const environment = (token?: string): Record<string, string> => ({
  HOME: home.path,
  USERPROFILE: home.path,
  LATCHKEY_URL: server.url,
  ...(token === undefined ? {} : { LATCHKEY_API_TOKEN: token }),
});

/** Runs `latchkey` as the holder of a token; by default of the administrator's. */
const latchkey = (args: readonly string[], token?: string, input?: string): Promise<CommandOutcome> => {
  const options: CommandOptions = { environment: environment(token ?? server.adminToken) };
  return runLatchkey(args, input === undefined ? options : { ...options, input });
};

/** Runs `latchkey`, which must succeed, and returns its standard output. */
async function printed(args: readonly string[], token?: string, input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await latchkey(args, token, input);
  if (exitCode !== 0) throw new Error(`latchkey ${args.join(' ')}: ${stderr}`);
  return stdout.trimEnd();
}

const printedJson = async (args: readonly string[], token?: string, input?: string): Promise<Json> =>
  JSON.parse(await printed([...args, '--json'], token, input));

const whoami = (token: string) => createApi(server.url, token).get('/api/v1/whoami');
const GRANT = JSON.stringify(CHAT_GRANT);

describe('latchkey token', () => {
  verifies('command.grant-flags', async () => {
    const flags = ['--models', 'latchkey/*', '--tools', 'mcp/files.read_*,mcp/web', '--limit', 'requestsPerMinute=60'];
    const made = await printedJson(['token', 'create', 'by flags', '--expires', '30d', ...flags]);
    expect(made.grant).toMatchObject({
      actions: ['chat', 'embeddings', 'models:read'],
      models: ['latchkey/*'],
      mcp: { 'mcp/files': { tools: { 'read_*': {} } }, 'mcp/web': { tools: { '*': {} } } },
      limits: { requestsPerMinute: 60 },
    });
    const wrong = await latchkey(['token', 'create', 'wrong', '--limit', 'requestsPerHour=60']);
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('requestsPerHour')]);

    // In an editor, which is any command that changes the file.
    const editing = (editor: string) => ({ environment: { ...environment(server.adminToken), EDITOR: editor } });
    const edit = ['token', 'edit', made.id, '--edit', '--json'];
    const edited = await runLatchkey(edit, editing('sed -i s/requestsPerMinute.*/requestsPerMinute\\":7/'));
    expect(JSON.parse(edited.stdout).grant.limits).toEqual({ requestsPerMinute: 7 });
    for (const [editor, words] of [
      ['true', 'Nothing was changed'],
      ['false', 'The editor failed'],
      ['sed -i s/{//', 'That is not valid'],
    ] as const) {
      const refused = await runLatchkey(edit, editing(editor));
      expect([refused.exitCode, refused.stderr], editor).toEqual([expect.any(Number), expect.stringContaining(words)]);
      expect(refused.exitCode, editor).not.toBe(0);
    }
    const { body } = await createApi(server.url, server.adminToken).get(`/api/v1/tokens/${made.id}`);
    expect(body.grant.limits).toEqual({ requestsPerMinute: 7 });
  });

  verifies('command.token-kinds', async () => {
    const shapes: Readonly<Record<string, RegExp>> = {
      'api-key': /^sk-lm-\w{8}:\w{20}$/,
      'personal-access': /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/,
      legacy: /^[0-9a-f]{40}$/,
    };
    for (const [kind, shape] of Object.entries(shapes)) {
      const token = await printed(['token', 'create', kind, '--kind', kind, '--grant', GRANT]);
      expect(token).toMatch(shape);
      const { body } = await whoami(token);
      expect(body).toMatchObject({ name: kind, kind });
      const shown = await printed(['token', 'show', body.id]);
      expect(shown.includes(token)).toBe(kind === 'legacy');
    }
    const text = 'Kj83nfQ0zPq7LmX2vBt9wR4c';
    const custom = await latchkey(['token', 'create', 'mine', '--kind', 'custom', '--secret-stdin'], undefined, text);
    expect(custom).toMatchObject({ exitCode: 0, stdout: '', stderr: expect.stringContaining("Token 'mine'") });
    expect((await whoami(text)).body).toMatchObject({ name: 'mine', kind: 'custom' });
    const weak = ['token', 'create', 'weak', '--kind', 'custom', '--secret-stdin'];
    expect((await latchkey(weak, undefined, 'letmein-2026')).stderr).toContain('too short');
    expect((await latchkey([...weak, '--force'], undefined, 'letmein-2026')).exitCode).toBe(0);
  });

  verifies('command.token-warnings', async () => {
    const grant = { actions: ['chat'], models: ['no/such'], mcp: { files: { tools: { '*': {} } } } };
    const created = await latchkey(['token', 'create', 'dead', '--grant', JSON.stringify(grant)]);
    expect(created.exitCode).toBe(0);
    for (const warning of [/no\/such.* matches no model/, /files.* matches no MCP server/]) {
      expect(created.stderr).toMatch(warning);
    }
    const { body } = await server.admin.post('/api/v1/tokens', { name: 'past', grant: { ...grant, models: [NANO] } });
    expect(body.warnings.map(({ path }: Json) => path)).toEqual(['mcp["files"]']);
    const edited = await server.admin.patch(`/api/v1/tokens/${body.id}`, { grant: CHAT_GRANT });
    expect(edited.body.warnings).toBeUndefined();
  });

  verifies('command.token-list', async () => {
    const of = ['--owner', 'lister', '--project', 'web'];
    const notes = 'for the nightly build';
    const { id, ...made } = await printedJson([
      'token',
      'create',
      'due',
      ...of,
      '--notes',
      notes,
      '--rotate-after',
      '1s',
    ]);
    expect(made).toMatchObject({ owner: 'lister', project: 'web', notes, rotateAfterSeconds: 1 });
    const ended = await printedJson(['token', 'create', 'ended', ...of]);
    await printed(['token', 'revoke', ended.id]);
    await expect
      .poll(() => printed(['token', 'list', ...of]))
      .toMatch(new RegExp(`^ID .*\\n${id} +api-key +due +lister +web +valid +never +never +\\S+ due\\n`));
    expect(await printed(['token', 'list', '--project', 'web'])).toMatch(/ended +lister +web +revoked .* -$/);
    expect(await printed(['token', 'list', '--owner', 'nobody'])).toMatch(/^ID [^\n]+$/);
    expect((await printedJson(['token', 'list', ...of])).tokens.map(({ name }: Json) => name)).toEqual([
      'due',
      'ended',
    ]);

    const edited = await printed(['token', 'edit', id, '--notes', '', '--rotate-after', 'default', '--expires', '30d']);
    expect(edited).not.toContain(notes);
    expect(edited).not.toContain('due\n');
    expect(edited).toMatch(/^expires +20/m);
  });

  verifies('command.token-rotate', async () => {
    const old = await printed(['token', 'create', 'rotated', '--grant', GRANT]);
    const id = (await whoami(old)).body.id;
    const next = await printed(['token', 'rotate', id, '--overlap', 'until-first-use']);
    expect((await whoami(old)).status).toBe(200);
    expect((await whoami(next)).body.id).toBe(id);
    await expect.poll(async () => (await whoami(old)).status).toBe(401);
    const { stderr } = await latchkey(['token', 'rotate', id, '--overlap', '1h']);
    expect(stderr).toContain('The one before works until 20');
    expect((await whoami(next)).status).toBe(200);
    await printed(['token', 'rotate', id]);
    await expect.poll(async () => (await whoami(next)).status).toBe(401);
  });

  verifies('command.token-revoke', async () => {
    const tokens: Record<string, string> = {};
    for (const name of ['a', 'b', 'c', 'd']) {
      const place = name === 'c' ? ['--project', 'ending'] : ['--owner', 'leaver'];
      tokens[name] = await printed(['token', 'create', name, '--grant', GRANT, ...place]);
    }
    const { id } = (await whoami(tokens.a ?? '')).body;
    const both = await latchkey(['token', 'revoke', 'AAAAAAAA', id]);
    expect(both).toMatchObject({ exitCode: 5, stdout: `Revoked 'a' (${id}).\n` });
    expect(both.stderr).toContain('Not revoked: AAAAAAAA.');
    expect(await printed(['token', 'revoke', '--self'], tokens.d)).toContain("Revoked 'd'");
    const { revoked } = await printedJson(['token', 'revoke', '--owner', 'leaver']);
    expect(revoked.map(({ name }: Json) => name)).toEqual(['b']);
    expect(await printed(['token', 'revoke', '--project', 'ending'])).toContain("Revoked 'c'");
    expect(await printed(['token', 'revoke', '--project', 'ending'])).toBe('There was none to revoke.');
    for (const token of Object.values(tokens)) expect((await whoami(token)).status).toBe(401);
    for (const args of [[], [id, '--self'], ['--owner', 'a', '--self'], [id, '--owner', 'a']]) {
      expect((await latchkey(['token', 'revoke', ...args])).stderr).toContain('Say which tokens to revoke');
    }
  });

  verifies(
    'command.token-revoke',
    async () => {
      const personal = await printed(['token', 'create', 'p', '--kind', 'personal-access', '--grant', GRANT]);
      const { id } = (await whoami(personal)).body;
      expect(await printed(['token', 'revoke', '--self'], personal)).toBe(`Revoked 'p' (${id}).`);
      expect((await whoami(personal)).status).toBe(401);
    },
    'a personal access token that the command exchanges',
  );

  verifies('command.token-attenuate', async () => {
    const holder = await createToken(server, 'parent', { ...CHAT_GRANT, models: ['*'] });
    const { stdout, stderr } = await runLatchkey(['token', 'attenuate', '--expires', '10m'], {
      // No server is asked.
      environment: { ...environment(holder.token), LATCHKEY_URL: 'http://127.0.0.1:9' },
    });
    const shorter = stdout.trim();
    expect(stdout).toBe(`${shorter}\n`);
    expect(stderr).toBe(`Narrower than the token of LATCHKEY_API_TOKEN (${holder.id}, api-key), and ends with it.\n`);
    expect((await createApi(server.url, shorter).chat({ input: 'Hello' })).status).toBe(200);

    const narrow = ['token', 'attenuate', '-', '--models', 'ibm/*', '--tools', 'none'];
    const narrower = await printed(narrow, undefined, `${shorter}\n`);
    expect((await createApi(server.url, narrower).chat({ input: 'Hello' })).status).toBe(403);
    expect((await whoami(narrower)).body.authority).toHaveLength(4);
    const made = await printedJson(['token', 'attenuate', '--grant', GRANT, '--expires', '1h'], holder.token);
    expect(made).toMatchObject({
      kind: 'attenuated',
      id: holder.id,
      caveats: [CHAT_GRANT],
    });
    expect(Math.abs(Date.parse(made.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000);

    await printed(['token', 'revoke', holder.id]);
    for (const token of [shorter, narrower, made.token]) expect((await whoami(token)).status).toBe(401);
  });

  verifies('command.token-exchange', async () => {
    const holder = await createToken(server, 'exchanged', { ...CHAT_GRANT, models: ['*'] });
    const attenuated = await printed(['token', 'attenuate', '--models', NANO], holder.token);
    const key = await printed(['token', 'exchange', '-', '--expires', '1h'], undefined, attenuated);
    expect(key).toMatch(/^sk-lm-\w{8}:\w{20}$/);
    expect((await createApi(server.url, key).chat({ input: 'Hello' })).status).toBe(200);
    const narrower = await printed(['token', 'exchange', '--grant', '{"actions":["models:read"]}'], holder.token);
    expect((await createApi(server.url, narrower).chat({ input: 'Hello' })).status).toBe(403);

    const access = await printed(['token', 'exchange', '--as', 'access'], holder.token);
    expect((await whoami(access)).body).toMatchObject({ kind: 'access', tokenId: holder.id });
    const audience = ['--audience', 'https://a.example', '--audience', 'https://b.example'];
    const elsewhere = await printedJson(['token', 'exchange', ...audience], holder.token);
    expect(elsewhere).toMatchObject({ token_type: 'Bearer', expires_in: expect.any(Number) });
    const said = await printedJson(['token', 'inspect', '-'], undefined, elsewhere.access_token);
    expect(said.claims.aud).toEqual(['https://a.example', 'https://b.example']);
    expect((await whoami(elsewhere.access_token)).status).toBe(401);

    const refused = await latchkey(['token', 'exchange', '-'], undefined, 'sk-lm-aB3dE5gH:aB3dE5gHaB3dE5gHaB3d');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^latchkey: [^\n]+\(HTTP 400\)\n$/);
  });

  verifies('command.token-inspect', async () => {
    const holder = await createToken(server, 'inspected', CHAT_GRANT);
    const hostile = await printed(['token', 'attenuate', '--models', 'a\u001b[2Jb'], holder.token);
    const access = await printed(['token', 'exchange', '--as', 'access'], holder.token);
    const personal = await printed(['token', 'create', 'p', '--kind', 'personal-access']);
    for (const [token, kind, secret] of [
      [holder.token, 'api-key', holder.token.slice(-20)],
      [hostile, 'attenuated', hostile.slice(-64)],
      [access, 'access', access.split('.')[2] ?? ''],
      [personal, 'personal-access', personal.split('.')[2] ?? ''],
    ] as const) {
      const text = await printed(['token', 'inspect', '-'], undefined, token);
      const json = await printed(['token', 'inspect', '--json'], token);
      expect(text).toMatch(new RegExp(`^kind     ${kind}\n`));
      expect(text).toContain('Not verified');
      expect(JSON.parse(json)).toMatchObject({ kind, id: expect.any(String), verified: false });
      expect(text + json).not.toContain(secret);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there.
      expect(text + json).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
    const none = await latchkey(['token', 'inspect', '-'], undefined, 'two words');
    expect(none).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('is not a token') });
  });

  verifies('command.token-arguments', async () => {
    const { token } = await createToken(server, 'mistyped', CHAT_GRANT);
    for (const args of [
      ['token', 'attenuate', token, '--expires', '1h'],
      ['token', 'exchange', token],
      ['token', 'inspect', token],
      ['token', 'show', token],
      ['token', 'revoke', token],
      ['token', 'list', token],
      ['token', 'list', `--token=${token}`],
      ['token', 'create', 'x', '--expires', token],
      ['token', 'create', 'x', '--secret', token],
      ['token', 'edit', 'x', '--rotate-after', token],
    ]) {
      const { exitCode, stdout, stderr } = await latchkey(args);
      expect([exitCode, stdout], args.join(' ')).toEqual([2, '']);
      expect(stderr).not.toContain(token.slice(-20));
    }
    expect((await whoami(token)).status).toBe(200);
  });
});

describe('latchkey keys', () => {
  verifies('command.keys', async () => {
    const holder = await createToken(server, 'signed for', CHAT_GRANT);
    const access = await printed(['token', 'exchange', '--as', 'access'], holder.token);
    const first = (await printedJson(['keys', 'list'])).keys[0].kid;
    const planned = await printedJson(['keys', 'rotate']);
    expect(Date.parse(planned.signsFrom)).toBeGreaterThan(Date.now());
    const time = String.raw`20\d\d-\d\d-\d\dT\d\d:\d\dZ`;
    expect(await printed(['keys', 'list'])).toMatch(
      new RegExp(
        `^${'KEY'.padEnd(first.length)}  ALGORITHM  SIGNS FROM         COUNTS UNTIL\n` +
          `${first}  EdDSA      ${time}  ${time}\n` +
          `${planned.kid}  EdDSA      ${planned.signsFrom.slice(0, 16)}Z  it is replaced$`,
      ),
    );
    expect((await whoami(access)).status).toBe(200);
    expect(await printed(['keys', 'rotate', '--compromised'])).toContain('count no more');
    await expect.poll(async () => (await whoami(access)).status).toBe(401);
    const refused = await latchkey(['keys', 'rotate'], holder.token);
    expect(refused).toMatchObject({ exitCode: 4, stdout: '', stderr: expect.stringContaining('settings:write') });
  });

  verifies(
    'command.keys',
    async () => {
      const data = createTemporaryFolder();
      const { stdout } = await latchkey(['keys', 'rotate', '--compromised', '--json', '--data', data.path]);
      const { keys } = await printedJson(['keys', 'list', '--data', data.path]);
      data[Symbol.dispose]();
      expect(keys).toMatchObject([{ kid: JSON.parse(stdout).kid }]);
    },
    'without a server',
  );
});

// `script` gives a command a terminal of its own; not every system has that of util-linux.
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

describe.runIf(hasTerminal)('at a terminal', () => {
  /** Runs the command, and answers when it asks: what is typed before that may get lost. */
  async function atTerminal(
    args: string,
    answer?: string,
  ): Promise<{ readonly stdout: string; readonly status: unknown }> {
    const child = spawn('script', ['-qec', `'${process.execPath}' '${latchkeyPath}' ${args}`, '/dev/null'], {
      env: { ...process.env, ...environment(server.adminToken) },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const isAsking = !stdout.includes('[y/N]') && (stdout + text).includes('[y/N]');
      stdout += text;
      if (isAsking) child.stdin.write(answer ?? '');
    });
    const [status] = await once(child, 'close');
    return { stdout, status };
  }

  verifies('command.token-revoke-asks', async () => {
    const holder = await createToken(server, 'doomed', CHAT_GRANT, { owner: 'doomed' });
    const revoke = 'token revoke --owner doomed';
    for (const answer of ['n\r', '\r', '\u0003', '\u0004']) {
      const { stdout, status } = await atTerminal(revoke, answer);
      expect(stdout).toContain(`doomed (${holder.id})`);
      expect(stdout).toContain('latchkey: Nothing was changed.');
      expect(status).toBe(1);
    }
    expect((await whoami(holder.token)).status).toBe(200);
    expect((await atTerminal('token revoke --self', 'n\r')).stdout).toContain(
      "No administrator's token is left after that.",
    );
    expect((await atTerminal(revoke, 'y\r')).stdout).toContain("Revoked 'doomed'");
    expect((await whoami(holder.token)).status).toBe(401);
    const again = await createToken(server, 'doomed', CHAT_GRANT, { owner: 'doomed' });
    expect((await atTerminal(`${revoke} --yes`)).stdout).not.toContain('[y/N]');
    expect((await whoami(again.token)).status).toBe(401);
  });
});
