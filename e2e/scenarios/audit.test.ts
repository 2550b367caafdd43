import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import type { Json } from '../support/json.ts';
import { type CommandOutcome, runLatchkey, spawnLatchkey } from '../support/latchkey-command.ts';
import { recording } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';
import { watchLines } from '../support/watched-lines.ts';

let folder: TemporaryFolder;
let server: TestServer;
let agent: HeldToken;
let data: string;
beforeAll(async () => {
  folder = createTemporaryFolder();
  data = join(folder.path, 'data');
  const mcpServers = { notes: recording(join(folder.path, 'calls')) };
  server = await startServer({ data, mcpServers });
  agent = await createToken(
    server,
    'agent',
    withTools({ 'mcp/notes': { echo: { arguments: { message: { pattern: '^red' } } } } }),
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const INTEGRATIONS = ['mcp/notes'];
const echo = (text: string) => ({ input: `Echo ${text}`, integrations: INTEGRATIONS });
const list = async (query = ''): Promise<readonly Json[]> =>
  (await server.admin.get(`/api/v1/audit?limit=1000${query}`)).body.entries;
const linesOf = ({ stdout }: CommandOutcome): readonly Json[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Everything that the database knows, also what it has not yet put in its place. */
const readDatabase = (): string =>
  ['latchkey.db', 'latchkey.db-wal']
    .map((name) => join(data, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');

describe('the audit log', () => {
  verifies('audit.tool-calls', async () => {
    const before = (await list()).length;
    await agent.chat({ ...echo('red fox'), store: false });
    await agent.chat({ ...echo('blue fox'), store: false });
    const entries = (await list(`&after=${before}`)).filter(({ actor }) => actor.id === agent.id);
    const actor = { id: agent.id, name: 'agent', rootId: agent.id, address: '127.0.0.1' };
    expect(entries.slice(0, 3)).toMatchObject([
      { type: 'tool.called', actor, subject: 'mcp/notes echo' },
      { type: 'tool.ended', actor, subject: 'mcp/notes echo', details: { outcome: 'succeeded' } },
      { type: 'tool.denied', actor, subject: 'mcp/notes echo', details: { source: 'token agent', rule: 'arguments' } },
    ]);
    expect(entries[0]?.details.argumentsDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(entries[1]?.details.call).toBe(entries[0]?.details.call);
    expect(readDatabase()).not.toMatch(/red fox|blue fox/);
  });

  verifies('audit.arguments', async () => {
    await using other = await startServer({
      config: { audit: { arguments: 'full' } },
      mcpServers: { notes: recording(join(folder.path, 'others')) },
    });
    await other.admin.chat(echo('red fox'));
    const [called] = (await other.admin.get('/api/v1/audit?type=tool.called')).body.entries;
    expect(called.details.arguments).toEqual({ message: 'red fox' });
  });

  verifies('audit.refusals', async () => {
    const before = (await list()).length;
    await createApi(server.url, `sk-lm-${agent.id}:${'A'.repeat(20)}`).get('/api/v1/whoami');
    await agent.get('/api/v1/settings');
    await server.admin.patch('/api/v1/settings', { accessTokenTtl: 240 });
    const made = await createToken(server, 'short lived', { actions: ['chat'] }, { project: 'web' });
    await made.post('/api/v1/tokens/revoke-self', undefined);
    const entries = await list(`&after=${before}`);
    const who = ({ actor }: Json) => actor.name;
    // An act waits for its entry, a refusal does not: which of two comes first is not said.
    const byType = entries.toSorted((one, other) => one.type.localeCompare(other.type));
    expect(byType.map((entry) => [entry.type, who(entry), entry.project])).toEqual([
      ['authentication.refused', undefined, undefined],
      ['permission.denied', 'agent', undefined],
      ['settings.changed', 'administrator', undefined],
      ['token.issued', 'administrator', 'web'],
      ['token.revoked', 'short lived', 'web'],
    ]);
    expect(byType[1]?.details).toMatchObject({ action: 'settings:read', source: 'token agent', rule: 'actions' });
    expect(new Set(entries.map(({ actor }) => actor.address))).toEqual(new Set(['127.0.0.1']));
    const secrets = [agent.token, made.token, server.adminToken].map((token) => token.slice(-20));
    for (const secret of secrets) expect(readDatabase().includes(secret)).toBe(false);
  });

  verifies('audit.polling', async () => {
    const seen: number[] = [];
    for (let next = 0, more = true; more; ) {
      const { body } = await server.admin.get(`/api/v1/audit?limit=2&after=${next}`);
      seen.push(...body.entries.map(({ seq }: Json) => seq));
      next = body.next;
      more = body.entries.length > 0;
    }
    expect(seen).toEqual(seen.map((_, index) => index + 1));
    expect((await agent.get('/api/v1/audit')).status).toBe(403);
  });

  verifies('audit.flood', async () => {
    const stranger = createApi(server.url, `sk-lm-AAAAAAAA:${'A'.repeat(20)}`);
    const before = (await list()).length;
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => stranger.get('/api/v1/whoami')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      expect((await agent.get('/api/v1/whoami')).status).toBe(200);
    }
    expect((await list()).length - before).toBeLessThanOrEqual(2);
  });
});

describe('latchkey audit', () => {
  verifies('command.audit', async () => {
    const shown = await runLatchkey(['audit', 'list', '--data', data]);
    expect(shown.stdout).toMatch(/^SEQ +TIME +WHAT +WHO +PROJECT +SUBJECT/);
    expect(shown.stdout).toMatch(/tool\.called +agent +- +mcp\/notes echo/);
    const called = await runLatchkey(['audit', 'list', '--data', data, '--json', '--type', 'tool.called']);
    expect(linesOf(called).map(({ type }) => type)).toEqual(['tool.called']);
    const web = await runLatchkey(['audit', 'list', '--data', data, '--json', '--project', 'web', '--after', '1']);
    expect(new Set(linesOf(web).map(({ project }) => project))).toEqual(new Set(['web']));

    const file = join(folder.path, 'audit.jsonl');
    expect((await runLatchkey(['audit', 'export', '--data', data, '--output', file])).exitCode).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(await list());
    const again = await runLatchkey(['audit', 'export', '--data', data, '--output', file]);
    expect(again).toMatchObject({ exitCode: 8, stderr: expect.stringContaining('exists already') });

    const outside = await runLatchkey(['audit', 'verify', '--data', join(folder.path, 'none')]);
    expect(outside).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('There is no data folder') });
    expect(existsSync(join(folder.path, 'none'))).toBe(false);
  });

  verifies('command.audit-follow', async () => {
    using place = createTemporaryFolder();
    const folderOfIt = join(place.path, 'data');
    await using stack = new AsyncDisposableStack();
    const first = stack.use(await startServer({ data: folderOfIt }));
    const following = spawnLatchkey([
      'audit',
      'list',
      '--follow',
      '--json',
      '--type',
      'settings.changed',
      '--data',
      folderOfIt,
    ]);
    stack.defer(() => void following.kill());
    if (following.stdout === null) throw new Error('It has no output.');
    const shown = watchLines(following.stdout);
    const isOf = (ttl: number) => (line: string) => JSON.parse(line).details.accessTokenTtl.to === ttl;
    await first.admin.patch('/api/v1/settings', { accessTokenTtl: 201 });
    await shown.find(isOf(201));
    first.signal('SIGKILL');
    await first.exited;
    const second = stack.use(await startServer({ data: folderOfIt }));
    await second.admin.patch('/api/v1/settings', { accessTokenTtl: 202 });
    await second[Symbol.asyncDispose]();
    await runLatchkey(['settings', 'set', 'accessTokenTtl=203s', '--data', folderOfIt]);
    const third = stack.use(await startServer({ data: folderOfIt }));
    await third.admin.patch('/api/v1/settings', { accessTokenTtl: 204 });
    await shown.find(isOf(204));
    const kept = (await third.admin.get('/api/v1/audit?limit=1000&type=settings.changed')).body.entries;
    expect(kept).toHaveLength(4);
    expect(shown.lines.map((line) => JSON.parse(line))).toEqual(kept);
  });

  verifies('command.audit-verify', async () => {
    const verify = (...flags: readonly string[]) => runLatchkey(['audit', 'verify', '--data', data, ...flags]);
    // While the server runs, and when it has stopped.
    expect(await verify()).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+ entries, chain whole/) });
    await server[Symbol.asyncDispose]();
    // What is administered without the server is in the log, too.
    await runLatchkey(['settings', 'set', 'accessTokenTtl=3m', '--data', data]);
    const whole = await verify();
    const [, count = '', head = ''] =
      /^(\d+) entries, chain whole, head (\d+:[0-9a-f]{64})\n$/.exec(whole.stdout) ?? [];
    expect(Number(count)).toBeGreaterThan(8);
    expect((await verify('--head', head)).exitCode).toBe(0);
    const offline = await runLatchkey(['audit', 'list', '--data', data, '--json']);
    expect(linesOf(offline)).toHaveLength(Number(count));
    expect(linesOf(offline).at(-1)).toMatchObject({ type: 'settings.changed', actor: { id: 'local:operator' } });

    const database = join(data, 'latchkey.db');
    const kept = join(folder.path, 'kept.db');
    copyFileSync(database, kept);
    const tamper = async (sql: string, ...flags: readonly string[]): Promise<CommandOutcome> => {
      copyFileSync(kept, database);
      const connection = new DatabaseSync(database);
      connection.exec(sql);
      connection.close();
      return await verify(...flags);
    };
    expect(await tamper("UPDATE audit_entries SET actor_name = 'nobody' WHERE seq = 3")).toMatchObject({
      exitCode: 10,
      stderr: expect.stringContaining('Entry 3 is not what was written'),
    });
    expect(await tamper('DELETE FROM audit_entries WHERE seq = 4')).toMatchObject({
      exitCode: 10,
      stderr: expect.stringContaining('Entry 4 is missing'),
    });
    const last = Number(count) - 1;
    expect(await tamper(`DELETE FROM audit_entries WHERE seq >= ${last}`)).toMatchObject({
      exitCode: 10,
      stderr: expect.stringContaining(`Entry ${last} and whatever followed it are missing`),
    });
    // An emptied log looks like a new one, but not to who has kept its head.
    const emptied = 'DELETE FROM audit_entries; DELETE FROM audit_head';
    expect(await tamper(emptied)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('0 entries') });
    expect(await tamper(emptied, '--head', head)).toMatchObject({
      exitCode: 10,
      stderr: expect.stringContaining('Entry 1 and whatever followed it are missing'),
    });
  });
});
