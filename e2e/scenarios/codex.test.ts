import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Json } from '../support/json.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import {
  callsFunction,
  type MisbehavingUpstream,
  says,
  startMisbehavingUpstream,
} from '../support/misbehaving-upstream.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const modules = join(import.meta.dirname, '..', 'node_modules');
const codex = join(modules, '@openai', 'codex', 'bin', 'codex.js');
const isInstalled = existsSync(codex);
if (!isInstalled) console.warn('Codex was not tried: it is not installed here.');

const MODEL = 'scripted/tiny';
let folder: TemporaryFolder;
let upstream: MisbehavingUpstream;
let server: TestServer;
let token: string;
beforeAll(async () => {
  folder = createTemporaryFolder();
  upstream = await startMisbehavingUpstream();
  const models = { [MODEL]: { name: 'tiny', contextLength: 100_000 } };
  server = await startServer({ config: { upstreams: { scripted: { urls: [upstream.url], models } } } });
  const grant = { actions: ['chat', 'models:read'], models: [MODEL] } as const;
  ({ token } = await createToken(server, 'codex', grant));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Runs Codex on one task, in a folder and a home of its own, and reads what it reports. */
async function runCodex(task: string): Promise<{ readonly events: readonly Json[]; readonly work: string }> {
  const [home, work] = [join(folder.path, 'home'), join(folder.path, 'work')];
  for (const path of [join(home, '.codex'), work]) mkdirSync(path, { recursive: true });
  const config = [
    `model = "${MODEL}"`,
    'model_provider = "latchkey"',
    'check_for_update_on_startup = false',
    '[model_providers.latchkey]',
    'name = "Latchkey"',
    `base_url = "${server.url}/v1"`,
    `model_catalog_url = "${server.url}/v1/models"`,
    'env_key = "LATCHKEY_TOKEN"',
    'wire_api = "responses"',
    '[analytics]',
    'enabled = false',
    '[features]',
    'api_key_model_discovery = true',
    'plugins = false',
  ];
  writeFileSync(join(home, '.codex', 'config.toml'), config.join('\n'));
  const flags = ['exec', '--json', '--skip-git-repo-check', '--sandbox', 'danger-full-access', '-C', work, task];
  const child = spawn(process.execPath, [codex, ...flags], {
    env: { PATH: process.env.PATH, HOME: home, LATCHKEY_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const events = output.split('\n').filter((line) => line !== '');
  return { events: events.map((line): Json => JSON.parse(line)), work };
}

const itemsOf = (events: readonly Json[]): readonly Json[] =>
  events.flatMap(({ type, item }) => (type === 'item.completed' ? [item] : []));

describe.runIf(isInstalled)('Codex', () => {
  verifies('codex.task', async () => {
    const before = upstream.asked.length;
    upstream.next.push(
      callsFunction('exec_command', { cmd: 'echo red herring > note.txt' }),
      says('The note is written.'),
    );
    const { events, work } = await runCodex('Write a note.');
    expect(readFileSync(join(work, 'note.txt'), 'utf8')).toBe('red herring\n');
    expect(itemsOf(events)).toMatchObject([
      { type: 'command_execution', exit_code: 0 },
      { type: 'agent_message', text: 'The note is written.' },
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'turn.completed', usage: { input_tokens: 14, output_tokens: 6 } });
    const [first, second] = upstream.asked.slice(before).map(({ body }): Json => body);
    expect(first.messages.at(-1)).toMatchObject({ role: 'user', content: expect.stringContaining('Write a note.') });
    expect(second.messages.slice(-2)).toMatchObject([
      { role: 'assistant', tool_calls: [{ function: { name: 'exec_command' } }] },
      { role: 'tool', content: expect.stringContaining('exited with code 0') },
    ]);
  });

  verifies('codex.launch', async () => {
    const [home, work] = [join(folder.path, 'launched-home'), join(folder.path, 'launched')];
    for (const path of [home, work]) mkdirSync(path, { recursive: true });
    upstream.next.push(
      callsFunction('exec_command', { cmd: 'echo seven herrings > list.txt' }),
      says('The list is written.'),
    );
    const task = [
      'exec',
      '--json',
      '--skip-git-repo-check',
      '--sandbox',
      'danger-full-access',
      '-C',
      work,
      'Write a list.',
    ];
    const path = `${join(modules, '.bin')}:${process.env.PATH}`;
    const { exitCode, stdout, stderr } = await runLatchkey(
      ['launch', 'codex', '--data', server.data, '--model', MODEL, '--', ...task],
      {
        environment: { HOME: home, PATH: path },
      },
    );
    expect(exitCode, stderr).toBe(0);
    const events = stdout.split('\n').filter((line) => line.startsWith('{'));
    expect(itemsOf(events.map((line): Json => JSON.parse(line)))).toMatchObject([
      { type: 'command_execution', exit_code: 0 },
      { type: 'agent_message', text: 'The list is written.' },
    ]);
    expect(readFileSync(join(work, 'list.txt'), 'utf8')).toBe('seven herrings\n');
    const { tokens } = (await server.admin.get('/api/v1/tokens')).body;
    expect(tokens.find(({ name }: Json) => name === 'agent: codex')).toMatchObject({
      grant: { actions: ['chat', 'models:read'], models: [MODEL] },
      revokedAt: expect.any(String),
    });
  });

  verifies('codex.patch', async () => {
    const patch = ['*** Begin Patch', '*** Add File: list.txt', '+seven herrings', '*** End Patch'].join('\n');
    upstream.next.push(callsFunction('apply_patch', { input: patch }), says('Done.'));
    const { events, work } = await runCodex('Write a list.');
    expect(readFileSync(join(work, 'list.txt'), 'utf8')).toBe('seven herrings\n');
    expect(itemsOf(events)).toMatchObject([{ type: 'file_change', status: 'completed' }, { type: 'agent_message' }]);
  });
});
