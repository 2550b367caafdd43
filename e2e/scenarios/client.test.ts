import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AuthenticationError,
  type Client,
  type ClientOptions,
  ConnectionError,
  createClient,
  PermissionError,
  RateLimitError,
  ServerError,
} from '@latchkey/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { type CommandOutcome, latchkeyPath, runLatchkey } from '../support/latchkey-command.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken, type HeldToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const tomorrow = import.meta.resolve('../support/tomorrow.ts');

let server: TestServer;
let holder: HeldToken;
beforeAll(async () => {
  server = await startServer();
  holder = await createToken(server, 'holder', CHAT_GRANT);
});
afterAll(() => server[Symbol.asyncDispose]());

/** Where the caller lives; each test finds it empty. */
let home: TemporaryFolder;
beforeEach(() => {
  home = createTemporaryFolder();
});
afterEach(() => home[Symbol.dispose]());

const environment = (variables: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  HOME: home.path,
  USERPROFILE: home.path,
  ...variables,
});
const credentials = (): string => join(home.path, '.latchkey', 'credentials');

function writeCredentials(text: string, mode = 0o600): void {
  mkdirSync(join(home.path, '.latchkey'), { recursive: true, mode: 0o700 });
  writeFileSync(credentials(), text, { mode });
  chmodSync(credentials(), mode);
}

const clientOf = (options: ClientOptions, variables: Readonly<Record<string, string>> = {}): Client =>
  createClient({ environment: environment(variables), ...options });

const latchkey = (args: readonly string[], input?: string, variables = {}): Promise<CommandOutcome> =>
  runLatchkey(args, { environment: environment(variables), ...(input === undefined ? {} : { input }) });

const thrown = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('it was let in'),
    (error: unknown) => error,
  );

describe('the client', () => {
  verifies('client.whoami', async () => {
    writeCredentials(`[default]\napi_token = ${holder.token}\nurl = ${server.url}\n`);
    const clients = [
      clientOf({ url: server.url, token: holder.token }),
      clientOf({}, { LATCHKEY_URL: server.url, LATCHKEY_API_TOKEN: holder.token }),
      clientOf({}, { LATCHKEY_URL: server.url, LM_API_TOKEN: holder.token }),
      clientOf({}),
      clientOf({ profile: 'default' }, { LATCHKEY_API_TOKEN: 'another', LATCHKEY_URL: 'http://127.0.0.1:9' }),
    ];
    for (const client of clients) {
      const identity = await client.auth.whoami();
      expect(identity).toMatchObject({ id: holder.id, name: 'holder', kind: 'api-key', expiresAt: null });
      expect(identity.authority).toContainEqual({ source: 'token holder', grant: CHAT_GRANT });
    }
    const ada = await createToken(server, 'of-ada', CHAT_GRANT, { owner: 'ada@example.com' });
    const hers = await clientOf({ url: server.url, token: ada.token }).auth.whoami();
    expect(hers.owner).toBe('ada@example.com');
    const models = await clientOf({}).fetch('/api/v1/models');
    expect(await models.json()).toMatchObject({ models: [{ key: NANO }] });
  });

  verifies('client.errors', async () => {
    const as = (token?: string): Client =>
      clientOf({ url: server.url, profile: null, ...(token === undefined ? {} : { token }) });
    const nobody = await thrown(as().auth.whoami());
    expect(nobody).toBeInstanceOf(AuthenticationError);
    expect(nobody).toMatchObject({ code: 'no_token', status: 401, requestId: expect.any(String) });
    for (const token of [`${holder.token.slice(0, -20)}${'A'.repeat(20)}`, 'rubbish']) {
      expect(await thrown(as(token).auth.whoami())).toMatchObject({ code: 'invalid_token', status: 401 });
    }

    const denied = await thrown(as(holder.token).fetch('/api/v1/tokens'));
    expect(denied).toBeInstanceOf(PermissionError);
    expect(denied).toMatchObject({
      status: 403,
      message: expect.stringContaining('token holder'),
      decision: { grant: expect.any(Number), source: 'token holder', rule: 'actions', reason: expect.any(String) },
    });

    const nowhere = await thrown(as(holder.token).fetch('/api/v1/nothing'));
    expect(nowhere).toBeInstanceOf(ServerError);
    expect(nowhere).toMatchObject({ status: 404, code: 'not_found' });
  });

  verifies('client.expired', async () => {
    const data = join(home.path, 'data');
    const token = await (async () => {
      await using today = await startServer({ data });
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      return (await createToken(today, 'brief', CHAT_GRANT, { expiresAt })).token;
    })();
    await using later = await startServer({ data, nodeArguments: ['--import', tomorrow] });
    const error = await thrown(clientOf({ url: later.url, token }).auth.whoami());
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ code: 'expired_token', status: 401 });
  });

  verifies('client.limit', async () => {
    const slow = await createToken(server, 'slow', { ...CHAT_GRANT, limits: { requestsPerMinute: 1 } });
    const client = clientOf({ url: server.url, token: slow.token });
    // The minute may turn in between, once.
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => client.fetch('/api/v1/models')));
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) {
      expect(refusal).toBeInstanceOf(RateLimitError);
      expect(refusal).toMatchObject({ status: 429, limit: 'requestsPerMinute' });
      expect(refusal.retryAfterSeconds).toBeGreaterThanOrEqual(1);
      expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(60);
    }
  });

  verifies('client.personal', async () => {
    const { body } = await server.admin.post('/api/v1/tokens', {
      name: 'personal',
      kind: 'personal-access',
      grant: CHAT_GRANT,
    });
    const sent: Request[] = [];
    const record: ClientOptions['fetch'] = (url, init) => {
      sent.push(new Request(url, init));
      return fetch(url, init);
    };
    const client = clientOf({ url: server.url, token: body.token, fetch: record });
    await Promise.all(Array.from({ length: 10 }, () => client.fetch('/api/v1/models')));
    const [exchange, ...requests] = sent;
    expect(exchange?.url).toBe(`${server.url}/api/token/refresh`);
    const credentialsSent = new Set(requests.map(({ headers }) => headers.get('authorization')));
    expect(requests).toHaveLength(10);
    expect(credentialsSent.size).toBe(1);
    expect(credentialsSent).not.toContain(`Bearer ${body.token}`);
    expect(await client.auth.whoami()).toMatchObject({ kind: 'access', name: 'personal' });

    await client.auth.revoke();
    expect(await thrown(client.auth.whoami())).toBeInstanceOf(AuthenticationError);
    const anew = clientOf({ url: server.url, token: body.token });
    expect(await thrown(anew.auth.whoami())).toBeInstanceOf(AuthenticationError);
    expect(JSON.stringify((await server.admin.get(`/api/v1/tokens/${body.id}`)).body)).toContain('revokedAt');
  });

  verifies('client.access-off', async () => {
    const input = { name: 'personal', kind: 'personal-access', grant: CHAT_GRANT };
    const { body } = await server.admin.post('/api/v1/tokens', input);
    const holding = clientOf({ url: server.url, token: body.token });
    expect(await holding.auth.whoami()).toMatchObject({ kind: 'access' });
    await server.admin.patch('/api/v1/settings', { tokenKinds: { access: false } });
    const anew = clientOf({ url: server.url, token: body.token });
    for (const client of [holding, anew]) {
      expect(await client.auth.whoami()).toMatchObject({ kind: 'personal-access', name: 'personal' });
    }
    await server.admin.patch('/api/v1/settings', { tokenKinds: { access: true } });
  });

  verifies('client.unreachable', async () => {
    // Discard: nothing listens there, and fetch does not even ask.
    const error = await thrown(clientOf({ url: 'http://127.0.0.1:9', token: holder.token }).auth.whoami());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ url: 'http://127.0.0.1:9' });
  });
});

describe('latchkey login and logout', () => {
  verifies('client.login', async () => {
    const login = await latchkey(['login', '--url', server.url], `${holder.token}\n`);
    expect(login.stderr).toBe('');
    expect(login.stdout).toContain(`Logged in to ${server.url} as holder (${holder.id}, api-key)`);
    expect(statSync(credentials()).mode & 0o777).toBe(0o600);
    expect(statSync(join(home.path, '.latchkey')).mode & 0o777).toBe(0o700);

    const beside = await latchkey(['login', '--url', server.url], holder.token, { LATCHKEY_API_TOKEN: holder.token });
    expect(beside.stderr).toContain('LATCHKEY_API_TOKEN is set, and the profile is not used beside it.');

    const { stdout } = await latchkey(['whoami']);
    expect(stdout).toContain(`holder  ${holder.id}  api-key`);
    expect(stdout).toContain(`server   ${server.url}`);
    expect((await latchkey(['models'])).stdout).toContain(NANO);
  });

  verifies('client.profiles', async () => {
    writeCredentials(`[default]\napi_token = ${holder.token}\nurl = ${server.url}\n`);
    const other = await createToken(server, 'other', CHAT_GRANT);
    // What is wrong in one profile does not hinder the others.
    appendFileSync(credentials(), '[broken]\nunknown = 1\n');
    const login = await latchkey(['login', '--url', server.url, '--profile', 'work'], other.token);
    expect(login).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse((await latchkey(['whoami', '--profile', 'work', '--json'])).stdout).id).toBe(other.id);
    expect(JSON.parse((await latchkey(['whoami', '--json'])).stdout).id).toBe(holder.id);
    const strange = await latchkey(['models', '--profile', 'play']);
    expect(strange).toMatchObject({ exitCode: 2, stdout: '' });
    expect(strange.stderr).toMatch(/^latchkey: There is no profile 'play' .*There are: default, broken, work\..*\n$/);
  });

  verifies('client.login-together', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `p${index}`);
    const logins = names.map((name) => latchkey(['login', '--url', server.url, '--profile', name], holder.token));
    for (const { stderr } of await Promise.all(logins)) expect(stderr).toBe('');
    for (const name of names) expect(readFileSync(credentials(), 'utf8')).toContain(`[${name}]`);
  });

  verifies('client.login-nowhere', async () => {
    const file = join(home.path, 'file');
    writeFileSync(file, '');
    const outcome = await latchkey(['login', '--url', server.url], holder.token, { HOME: file, USERPROFILE: file });
    expect(outcome).toMatchObject({ exitCode: 9, stdout: '' });
    expect(outcome.stderr).toMatch(/^latchkey: \S+ cannot be written \(\w+\)\.\n$/);
  });

  verifies('client.login-refused', async () => {
    const before = `# mine\n[default]\napi_token = ${holder.token}\nurl = ${server.url}\n`;
    writeCredentials(before);
    for (const [input, says, exitCode] of [
      ['sk-lm-AAAAAAAA:AAAAAAAAAAAAAAAAAAAA', 'Invalid API token', 3],
      ['', 'No token came in', 2],
      ['two lines\nof it', 'characters that none can have', 2],
    ] as const) {
      const outcome = await latchkey(['login', '--url', server.url], input);
      expect(outcome).toMatchObject({ exitCode, stdout: '' });
      expect(outcome.stderr).toMatch(/^latchkey: [^\n]+\n$/);
      expect(outcome.stderr).toContain(says);
      expect(readFileSync(credentials(), 'utf8')).toBe(before);
    }
    const unreachable = await latchkey(['login', '--url', 'http://127.0.0.1:9'], holder.token);
    expect(unreachable.stderr).toContain('No server answers at http://127.0.0.1:9.');
    expect(readFileSync(credentials(), 'utf8')).toBe(before);
  });

  verifies('client.logout', async () => {
    const kept = `[work]\napi_token = ${holder.token}\nurl = ${server.url}\n`;
    writeCredentials(`# mine\n${kept}`);
    await latchkey(['login', '--url', server.url], holder.token);
    const logout = await latchkey(['logout', '--keep']);
    expect(logout).toMatchObject({ exitCode: 0, stdout: "Removed profile 'default'. Its token still works.\n" });
    expect(readFileSync(credentials(), 'utf8').trimEnd()).toBe(`# mine\n${kept}`.trimEnd());
    expect((await latchkey(['whoami', '--url', server.url])).stderr).toContain('No API token provided');
    const again = await latchkey(['logout']);
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("no profile 'default'") });
    expect((await holder.get('/api/v1/whoami')).status).toBe(200);
  });

  verifies('client.logout-revoke', async () => {
    const other = await createToken(server, 'other', CHAT_GRANT);
    await latchkey(['login', '--url', server.url, '--profile', 'work'], other.token);
    // What the environment says is another token, for another server.
    const variables = { LATCHKEY_API_TOKEN: holder.token, LATCHKEY_URL: 'http://127.0.0.1:9' };
    const logout = await latchkey(['logout', '--profile', 'work'], undefined, variables);
    expect(logout).toMatchObject({ exitCode: 0, stderr: '' });
    expect(logout.stdout).toBe("Removed profile 'work'. Its token is revoked.\n");
    expect((await other.get('/api/v1/whoami')).status).toBe(401);
    expect((await holder.get('/api/v1/whoami')).status).toBe(200);

    writeCredentials(`[work]\napi_token = ${other.token}\nurl = ${server.url}\n`);
    const again = await latchkey(['logout', '--profile', 'work']);
    expect(again).toMatchObject({ exitCode: 0, stdout: "Removed profile 'work'. Its token had ended before.\n" });

    writeCredentials(`[work]\napi_token = ${other.token}\nurl = http://127.0.0.1:9\n`);
    const unreachable = await latchkey(['logout', '--profile', 'work']);
    expect(unreachable).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('may still work: No server') });
    expect(readFileSync(credentials(), 'utf8')).not.toContain('[work]');
  });

  verifies('client.profiles-file', async () => {
    writeCredentials(`[default]\napi_token = ${holder.token}\nurl = ${server.url}\n`, 0o640);
    for (const args of [['whoami'], ['models', '--url', server.url], ['login'], ['logout']]) {
      const outcome = await latchkey(args, holder.token);
      expect(outcome).toMatchObject({ exitCode: 9, stdout: '' });
      expect(outcome.stderr).toBe(
        `latchkey: ${credentials()} can be read by others. Make it yours alone: chmod 600 ${credentials()}\n`,
      );
    }
  });

  const wrongUse: readonly (readonly [what: string, use: (token: string) => Promise<CommandOutcome>])[] = [
    ['login', (token) => latchkey(['login', '--url', server.url], token)],
    ['a URL with it', (token) => latchkey(['login', '--url', `http://${token.replace(':', '')}@127.0.0.1`], token)],
    ['a URL that it is', (token) => latchkey(['login', '--url', token], token)],
    ['a profile that it is', (token) => latchkey(['whoami', '--profile', token])],
    ['two of it', (token) => latchkey(['whoami'], undefined, { LATCHKEY_API_TOKEN: `${token} ${token}` })],
    ['a wrong one', (token) => latchkey(['whoami', '--url', server.url], undefined, { LM_API_TOKEN: `${token}0` })],
  ];
  for (const [what, use] of wrongUse) {
    verifies(
      'client.no-leak',
      async () => {
        const { stdout, stderr } = await use(holder.token);
        expect(stdout + stderr).not.toContain(holder.token.slice(-20));
        expect(stdout + stderr).not.toBe('');
      },
      what,
    );
  }
});

// `script` gives a command a terminal of its own; not every system has that of util-linux.
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

describe.runIf(hasTerminal)('at a terminal', () => {
  verifies('client.login-hidden', async () => {
    const command = `'${process.execPath}' '${latchkeyPath}' login --url ${server.url}`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, ...environment() } });
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      const wasAsked = shown.includes('(it is not shown): ');
      shown += text;
      // Whoever types before he is asked is shown what he types.
      if (!wasAsked && shown.includes('(it is not shown): ')) terminal.stdin.write(`${holder.token}\r`);
    });
    const [exitCode] = await once(terminal, 'close');
    expect(shown).toContain(`API token for ${server.url} (it is not shown): `);
    expect(shown).toContain('Logged in to');
    expect(shown).not.toContain(holder.token.slice(-20));
    expect(exitCode).toBe(0);
    expect(readFileSync(credentials(), 'utf8')).toContain(holder.token);
  });
});
