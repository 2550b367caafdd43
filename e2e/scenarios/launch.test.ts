import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import type { Json } from '../support/json.ts';
import { type CommandOutcome, runLatchkey, spawnLatchkey } from '../support/latchkey-command.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { startSlowProxy } from '../support/slow-proxy.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
let server: TestServer;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const environment = () => ({
  HOME: folder.path,
  PATH: folder.path,
  ANTHROPIC_API_KEY: 'the key of another server',
});
const latchkey = (...args: readonly string[]): Promise<CommandOutcome> =>
  runLatchkey([...args.slice(0, 2), '--data', server.data, ...args.slice(2)], { environment: environment() });

/** What ends a process that does not act on it. */
const SIGNALS = ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

/** Runs as long as the process that has started it. */
const WITH_PARENT =
  'const parent = process.ppid; setInterval(() => { if (process.ppid !== parent) process.exit(); }, 50);';

/** The tokens that were made for an agent. */
const tokensOf = async (agent: string): Promise<readonly Json[]> =>
  (await server.admin.get('/api/v1/tokens')).body.tokens.filter(({ name }: Json) => name === `agent: ${agent}`);

/** A program that asks the model by the variables of an SDK, and ends with code 3. */
function writeAgent(name: string): string {
  const path = join(folder.path, name);
  const text = `#!${process.execPath}
const { OPENAI_BASE_URL: url, OPENAI_API_KEY: key, ANTHROPIC_API_KEY: other = 'none' } = process.env;
const model = process.env.OPENAI_MODEL ?? '${NANO}';
const ask = (path, body) => fetch(url + path, {
  method: body === undefined ? 'GET' : 'POST',
  headers: { authorization: 'Bearer ' + key, 'content-type': 'application/json' },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});
const messages = [{ role: 'user', content: 'Repeat: red fox' }];
const answer = await (await ask('/chat/completions', { model, messages })).json();
const tokens = (await fetch(url.replace('/v1', '/api/v1/tokens'), { headers: { authorization: 'Bearer ' + key } })).status;
console.log(JSON.stringify({ said: answer.choices?.[0].message.content, tokens, args: process.argv.slice(2), other }));
process.exitCode = 3;
`;
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

describe('latchkey launch', () => {
  verifies('launch.agent', async () => {
    writeAgent('qwen');
    const { exitCode, stdout, stderr } = await latchkey(
      'launch',
      'qwen-code',
      '--tokens-per-day',
      '5000',
      '--',
      '-p',
      'x',
    );
    expect([exitCode, stderr]).toEqual([3, '']);
    // The token chats, and administers nothing.
    expect(JSON.parse(stdout)).toMatchObject({ said: 'red fox', tokens: 403, args: ['-p', 'x'] });
    expect(await tokensOf('qwen-code')).toMatchObject([
      {
        grant: { actions: ['chat', 'models:read'], models: [NANO], limits: { tokensPerDay: 5000 } },
        expiresAt: expect.any(String),
        revokedAt: expect.any(String),
      },
    ]);
  });

  verifies('launch.absent', async () => {
    const { exitCode, stderr } = await latchkey('launch', 'aider');
    expect([exitCode, stderr]).toEqual([expect.any(Number), expect.stringContaining("no program 'aider'")]);
    expect(exitCode).not.toBe(0);
    expect(await tokensOf('aider')).toMatchObject([{ revokedAt: expect.any(String) }]);
    const unknown = await latchkey('launch', 'nonsense');
    expect(unknown.stderr).toContain('claude-code, codex');
  });

  verifies('launch.told-to-end', async () => {
    // An agent that goes on, whatever it is told.
    const deaf = `for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGQUIT']) process.on(signal, () => console.log(signal));`;
    const path = join(folder.path, 'goose');
    writeFileSync(path, `#!${process.execPath}\n${deaf} console.log('started'); ${WITH_PARENT}`, { mode: 0o755 });
    const launches = SIGNALS.map(async (signal) => {
      const launched = spawnLatchkey(['launch', 'goose', '--data', server.data], { environment: environment() });
      if (launched.stdout === null) throw new Error('There is no output.');
      await once(launched.stdout, 'data');
      return { launched, signal, told: once(launched.stdout, 'data'), ended: once(launched, 'exit') };
    });
    const all = await Promise.all(launches);
    for (const { launched, signal } of all) launched.kill(signal);
    for (const { told, signal } of all) expect(String((await told)[0])).toContain(signal);
    // The token does not wait for the agent, which is killed after ten seconds.
    const working = async () => (await tokensOf('goose')).filter(({ revokedAt }) => revokedAt === undefined);
    await expect.poll(working, { timeout: 3000 }).toEqual([]);
    expect(all.every(({ launched }) => launched.exitCode === null)).toBe(true);
    for (const { ended, signal } of all) expect(await ended).toEqual([128 + constants.signals[signal], null]);
    expect(await tokensOf('goose')).toHaveLength(SIGNALS.length);
  });

  verifies('launch.told-early', async () => {
    const path = join(folder.path, 'open-webui');
    writeFileSync(path, `#!${process.execPath}\n${WITH_PARENT}`, { mode: 0o755 });
    for (const signal of SIGNALS) {
      await using slow = await startSlowProxy(server.url);
      const launched = spawnLatchkey(['launch', 'open-webui', '--url', slow.url], {
        environment: { ...environment(), LATCHKEY_API_TOKEN: server.adminToken },
      });
      const ended = once(launched, 'exit');
      // The token is made, and its text is on its way.
      await slow.made;
      launched.kill(signal);
      slow.answer();
      expect(await ended).toEqual([128 + constants.signals[signal], null]);
    }
    expect(await tokensOf('open-webui')).toMatchObject(SIGNALS.map(() => ({ revokedAt: expect.any(String) })));
  });

  verifies('launch.own-token', async () => {
    const path = join(folder.path, 'copilot');
    writeFileSync(path, `#!${process.execPath}\nconsole.log(JSON.stringify(process.env));`, { mode: 0o755 });
    // It may not list tokens.
    const maker = await createToken(server, 'maker', {
      actions: ['tokens:write', 'chat', 'models:read'],
      models: ['*'],
    });
    const others = { LM_STUDIO_API_KEY: maker.token, LATCHKEY_SECRET: 'of the server', OTHER: 'kept' };
    const { exitCode, stdout, stderr } = await runLatchkey(['launch', 'copilot', '--url', server.url], {
      environment: { ...environment(), LATCHKEY_API_TOKEN: maker.token, ...others },
    });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ OTHER: 'kept', COPILOT_MODEL: NANO });
    expect(stdout).not.toContain(maker.token);
    expect(Object.keys(JSON.parse(stdout)).filter((name) => name.startsWith('LATCHKEY_'))).toEqual([]);
    expect(await tokensOf('copilot')).toMatchObject([{ revokedAt: expect.any(String) }]);
  });

  verifies('launch.dry-run', async () => {
    const { stdout } = await latchkey('launch', 'claude-code', '--dry-run');
    expect(JSON.parse(stdout)).toMatchObject({
      command: ['claude'],
      environment: { ANTHROPIC_BASE_URL: server.url, ANTHROPIC_AUTH_TOKEN: 'TOKEN', ANTHROPIC_MODEL: NANO },
      token: { grant: { actions: ['chat', 'models:read'], models: [NANO] } },
    });
    expect(await tokensOf('claude-code')).toEqual([]);
  });
});

describe('latchkey setup', () => {
  verifies('launch.setup', async () => {
    const { stdout } = await latchkey('setup', 'openai');
    const read = Object.fromEntries(
      [...stdout.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(read.OPENAI_BASE_URL).toBe(`${server.url}/v1`);
    const api = createApi(server.url, read.OPENAI_API_KEY);
    expect((await api.chat({ input: 'Hello' })).status).toBe(200);
    expect((await api.get('/api/v1/tokens')).status).toBe(403);
    const undone = await latchkey('setup', 'openai', '--undo');
    expect(undone.stderr).toContain('1 token(s)');
    expect((await api.chat({ input: 'Hello' })).status).toBe(401);
  });

  verifies('launch.settings', async () => {
    const { stdout, stderr } = await latchkey('setup', 'continue');
    const { apiBase, apiKey, model } = JSON.parse(stdout).models[0];
    expect([apiBase, model]).toEqual([`${server.url}/v1`, NANO]);
    expect(stderr).toContain('.continue/config.yaml');
    expect((await createApi(server.url, apiKey).chat({ input: 'Hello' })).status).toBe(200);
    const started = await latchkey('launch', 'zed');
    expect([started.exitCode, started.stderr]).toEqual([2, expect.stringContaining('latchkey setup zed')]);
    expect(await tokensOf('zed')).toEqual([]);
  });
});
