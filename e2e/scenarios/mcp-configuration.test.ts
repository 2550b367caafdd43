import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Json } from '../support/json.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { everything, filesystem, memory, recording, sequentialThinking } from '../support/mcp-servers.ts';
import { type NotesServer, startNotesServer } from '../support/notes-over-http.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const secret = 'canary-of-today';
let folder: TemporaryFolder;
let notes: NotesServer;
beforeAll(async () => {
  folder = createTemporaryFolder();
  notes = await startNotesServer(secret);
});
afterAll(async () => {
  await notes[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

let folders = 0;
/** A server on an mcp.json that is written as it is. */
async function serve(mcpJson: string, environment: Record<string, string> = {}): Promise<TestServer> {
  folders += 1;
  const data = join(folder.path, `data-${folders}`);
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(join(data, 'mcp.json'), mcpJson);
  return startServer({ data, environment });
}

const write = (server: TestServer, mcpServers: object): void =>
  writeFileSync(join(server.data, 'mcp.json'), JSON.stringify({ mcpServers }));
const reloads = (server: TestServer): number =>
  server.log.lines.filter((line) => line.includes('mcp.json was read again')).length;
/** Waits until the changed file was read. */
const untilReload = (server: TestServer, before: number): Promise<string> =>
  server.log.find((line) => line.includes('mcp.json was read again') && reloads(server) > before);

const servers = async (server: TestServer, query = ''): Promise<Json> =>
  (await server.admin.get(`/api/v1/mcp/servers${query}`)).body.servers;
/** Starts all servers, and waits until each has started or failed. */
const start = (server: TestServer): Promise<void> =>
  expect
    .poll(async () => (await servers(server, '?start=true')).map(({ state }: Json) => state))
    .not.toContain('starting');
const toolNames = (listed: Json): Json =>
  listed.map((one: Json) => [one.label, one.tools?.map(({ name }: Json) => name)]);
const processIds = (file: string): string[] => readFileSync(file, 'utf8').trim().split('\n');

/** A server of one tool that writes down its process id each time it is started. */
function counted(name: string): { readonly entry: object; readonly file: string } {
  const file = join(folder.path, `${name}.pids`);
  const entry = recording(join(folder.path, `${name}.calls`)) as { command: string; args: string[] };
  const note = `data:text/javascript,import{appendFileSync}from'node:fs';appendFileSync(${JSON.stringify(file)},process.pid+'\\n')`;
  return { file, entry: { ...entry, args: ['--import', note, ...entry.args] } };
}

/** `latchkey mcp …` on the data folder of the server. */
const run = (server: TestServer, ...args: readonly string[]) => {
  const [command = '', ...others] = args;
  return runLatchkey(['mcp', command, '--data', server.data, ...others]);
};

describe('an mcp.json', () => {
  verifies('mcp.notations', async () => {
    writeFileSync(join(folder.path, 'notes.env'), 'NOTE=from the envFile\n');
    const [command, ...args] = ['node', '-e', 'console.error(process.env.NOTE + ", " + process.env.OTHER)'];
    await using server = await serve(
      `{
        // As VS Code writes it.
        "gallery": true,
        "inputs": [{ "type": "promptString", "id": "notes-secret", "password": true }],
        "servers": {
          "Notes_1": { "type": "http", "url": "${notes.url}", "headers": { "Authorization": "Bearer \${input:notes-secret}" } },
          "printing": { "type": "stdio", "command": "${command}", "args": ${JSON.stringify(args)}, "envFile": "../notes.env",
            "env": { "OTHER": "\${OTHER:-a default}" }, "autoApprove": ["*"], },
          "incomplete": { "serverUrl": "${notes.url}", "headers": { "X-Key": "\${env:NOT_SET}" } },
          "off": { "command": "never", "disabled": true },
        },
      }`,
      { MCP_INPUT_NOTES_SECRET: secret },
    );
    const listed = await servers(server, '?start=true');
    expect(listed.map(({ id, transport }: Json) => [id, transport])).toEqual([
      ['mcp/notes-1', 'http'],
      ['mcp/printing', 'stdio'],
      ['mcp/incomplete', 'http'],
    ]);
    expect(toolNames(listed)[0]).toEqual(['Notes_1', ['fetch_note']]);
    expect(listed[1].warnings).toEqual([
      'servers.printing.autoApprove has no effect: what may be called is decided by tokens alone',
    ]);
    const told = await run(server, 'list');
    expect(told.stderr).toContain('warning: gallery is not known and has no effect\n');
    expect(listed[2].error).toBe('servers.incomplete.headers.X-Key: the environment variable NOT_SET is not set');
    const { body } = await server.admin.get('/api/v1/mcp/servers/printing/logs');
    // What the file gives a program is not shown; what it does not give is.
    expect(body.lines).toEqual(['[hidden], [hidden]']);
    expect(JSON.stringify(listed) + server.log.lines.join('')).not.toContain(secret);
  });

  verifies('mcp.filter', async () => {
    const { entry } = counted('filtered');
    await using server = await serve(JSON.stringify({ mcpServers: { a: { ...entry, disabledTools: ['fetch_*'] } } }));
    const holder = await createToken(server, 'holder', withTools({ 'mcp/a': { '*': {} } }));
    const ask = (...tools: string[]) =>
      holder.chat({ input: 'Hi', integrations: [{ type: 'plugin', id: 'mcp/a', allowed_tools: tools }] });
    const [left, missing] = [await ask('fetch_note'), await ask('no_such_tool')];
    expect([left.status, missing.status]).toEqual([403, 403]);
    expect(left.body.error.message.replace('fetch_note', '?')).toBe(
      missing.body.error.message.replace('no_such_tool', '?'),
    );
    expect(toolNames(await servers(server, '?start=true'))).toEqual([['a', ['echo']]]);
  });

  verifies('mcp.one-entry', async () => {
    const { entry, file } = counted('good');
    const { entry: narrowed } = counted('narrowed');
    await using server = await serve(
      JSON.stringify({
        mcpServers: {
          good: entry,
          'My notes': { ...narrowed, tools: ['echo'] },
          broken: { ...entry, args: ['a secret beside what is no text', {}] },
          unclear: { ...entry, toolPermissions: { fetch_note: 'never' } },
          paused: { ...entry, isActive: false },
        },
      }),
    );
    const listed = await servers(server, '?start=true');
    expect(toolNames(listed)).toEqual([
      ['good', ['echo', 'fetch_note']],
      ['My notes', ['echo']],
      ['broken', undefined],
      ['unclear', undefined],
    ]);
    expect(listed.map(({ id }: Json) => id)).toEqual([
      'mcp/good',
      expect.stringMatching(/^mcp\/my-notes-[0-9a-f]{6}$/),
      'mcp/broken',
      'mcp/unclear',
    ]);
    expect(listed[2].error).toContain('mcpServers.broken.args[1]');
    expect(listed[3].error).toContain('mcpServers.unclear.toolPermissions');
    expect(processIds(file)).toHaveLength(1);
    expect(JSON.stringify(listed) + server.log.lines.join('')).not.toContain('a secret');
  });

  verifies('mcp.credentials', async () => {
    const runs = join(folder.path, 'runs');
    const program = `const fs = require('node:fs'); fs.appendFileSync(${JSON.stringify(runs)}, '.');
      const isFirst = fs.readFileSync(${JSON.stringify(runs)}, 'utf8') === '.';
      console.log(JSON.stringify({ Authorization: isFirst ? 'Bearer canary-of-yesterday' : 'Bearer ${secret}' }))`;
    const entry = { type: 'http', url: notes.url, headersCommand: [process.execPath, '-e', program] };
    await using server = await serve(JSON.stringify({ mcpServers: { notes: entry } }));
    const holder = await createToken(server, 'holder', withTools({ 'mcp/notes': { '*': {} } }));
    const { status, body } = await holder.chat({ input: 'Fetch the note.', integrations: ['mcp/notes'] });
    expect([status, body.output[0]]).toMatchObject([200, { type: 'tool_call', tool: 'fetch_note' }]);
    expect(readFileSync(runs, 'utf8')).toBe('..');
    expect(server.log.lines.join('\n')).not.toContain('canary');
  });
});

describe('an mcp.json that changes while the server runs', () => {
  verifies('mcp.reload', async () => {
    const [kept, changed, added] = [counted('kept'), counted('changed'), counted('added')];
    await using server = await serve(
      JSON.stringify({ mcpServers: { kept: kept.entry, changed: changed.entry, gone: changed.entry } }),
    );
    await start(server);
    write(server, {
      added: added.entry,
      kept: kept.entry,
      changed: { ...changed.entry, env: { CHANGED: 'yes' } },
    });
    await untilReload(server, 0);
    expect((await servers(server)).map(({ label, state }: Json) => [label, state])).toEqual([
      ['added', 'stopped'],
      ['kept', 'ready'],
      ['changed', 'stopped'],
    ]);
    await start(server);
    expect(processIds(kept.file)).toHaveLength(1);
    // Twice before, under two labels, and once after.
    expect(processIds(changed.file)).toHaveLength(3);
    expect(processIds(added.file)).toHaveLength(1);
  });

  verifies('mcp.reload-refused', async () => {
    const { entry, file } = counted('steady');
    await using server = await serve(JSON.stringify({ mcpServers: { steady: entry } }));
    await start(server);
    const text = JSON.stringify({ mcpServers: { steady: { ...entry, args: ['a secret'] } }, servers: {} });
    writeFileSync(join(server.data, 'mcp.json'), text);
    const refused = await server.log.find((line) => line.includes('mcp.json is not taken'));
    expect(refused).toContain('mcp.json: servers means the same');
    expect(refused).not.toContain('secret');
    expect(toolNames(await servers(server))).toEqual([['steady', ['echo', 'fetch_note']]]);
    expect(processIds(file)).toHaveLength(1);
    const list = await run(server, 'list');
    expect(list).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^steady +mcp\/steady/m) });
    expect(list.stderr).toMatch(/^warning: mcp\.json is not taken.*servers means the same/m);
    // The same file again, asked for: the server lives, and says so again.
    server.signal('SIGHUP');
    await server.log.find((line) => line.includes('reading mcp.json again'));
    write(server, {});
    await untilReload(server, 0);
    expect(await servers(server)).toEqual([]);
    expect((await run(server, 'list')).stderr).toBe('');
  });
});

describe('the list of MCP servers', () => {
  verifies('mcp.servers', async () => {
    await using server = await serve(JSON.stringify({ mcpServers: { a: counted('a').entry, b: counted('b').entry } }));
    const grant = withTools({ 'mcp/a': { echo: {} } });
    const reader = await createToken(server, 'reader', { ...grant, actions: ['chat', 'mcp:read'] });
    const { body } = await reader.get('/api/v1/mcp/servers?start=true');
    expect(toolNames(body.servers)).toEqual([
      ['a', ['echo']],
      ['b', undefined],
    ]);
    const other = await createToken(server, 'other', grant);
    expect((await other.get('/api/v1/mcp/servers')).status).toBe(403);
    expect((await other.get('/api/v1/mcp/servers/a/logs')).status).toBe(403);
  });
});

describe('latchkey mcp', () => {
  verifies('mcp.command', async () => {
    await using server = await serve('{ "mcpServers": {} } // empty so far\n');
    const { command, args } = recording(join(folder.path, 'calls')) as { command: string; args: string[] };
    const before = reloads(server);
    const added = await run(server, 'add', 'notes', '--env', `NOTE=\${NOTE:-a note}`, '--', command, ...args);
    expect(added).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('mcp/notes was added to') });
    await untilReload(server, before);
    const text = readFileSync(join(server.data, 'mcp.json'), 'utf8');
    expect(text).toContain('// empty so far');
    expect(text).toContain(`\${NOTE:-a note}`);

    const tools = await run(server, 'tools', 'notes', '--json');
    expect(toolNames(JSON.parse(tools.stdout).servers)).toEqual([['notes', ['echo', 'fetch_note']]]);
    const list = await run(server, 'list');
    expect(list.stdout).toMatch(/^notes +mcp\/notes +stdio +ready +2/m);
    expect((await run(server, 'logs', 'mcp/notes')).exitCode).toBe(0);

    const twice = await run(server, 'add', 'NOTES', '--url', 'https://a.example/mcp');
    expect([twice.exitCode, twice.stderr]).toEqual([2, expect.stringContaining('are both reached as mcp/notes')]);
    expect(readFileSync(join(server.data, 'mcp.json'), 'utf8')).toBe(text);
    expect((await run(server, 'remove', 'nobody')).exitCode).toBe(5);
    expect((await run(server, 'remove', 'notes')).exitCode).toBe(0);
    const left = readFileSync(join(server.data, 'mcp.json'), 'utf8');
    expect(left.replace(/\s+/g, ' ')).toBe('{ "mcpServers": { } } // empty so far ');
  });

  verifies('mcp.command-test', async () => {
    await using server = await serve('{"mcpServers": {}}');
    const program = 'console.error("no key for \\u001b[31mme"); process.exit(2)';
    await run(server, 'add', 'broken', '--', process.execPath, '-e', program);
    const failed = await run(server, 'test', 'broken');
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain('it ended with code 2');
    expect(failed.stderr).toContain('no key for \\u{001B}[31mme');
    const told = await run(server, 'test', 'broken', '--json');
    expect(JSON.parse(told.stdout)).toMatchObject({ id: 'mcp/broken', error: expect.any(String) });

    // As where the server runs it: what lies in the data folder can not be read in a sandbox.
    writeFileSync(join(server.data, 'secret'), '');
    const look = `console.error('there: ' + require('node:fs').existsSync(${JSON.stringify(join(server.data, 'secret'))}))`;
    await run(server, 'add', 'curious', '--', process.execPath, '-e', `${look}; process.exit(2)`);
    const [listed] = await servers(server);
    const isHidden = listed.sandbox.layers.includes('bubblewrap');
    expect((await run(server, 'test', 'curious')).stderr).toContain(`there: ${!isHidden}`);
  });

  verifies('mcp.published', async () => {
    const mcpServers = {
      everything: everything(),
      files: filesystem(folder.path),
      memory: memory(join(folder.path, 'memory.jsonl')),
      thinking: sequentialThinking(),
    };
    await using server = await serve(JSON.stringify({ mcpServers }));
    const one = { everything: 'echo', files: 'read_text_file', memory: 'read_graph', thinking: 'sequentialthinking' };
    for (const [label, tool] of Object.entries(one)) {
      const { exitCode, stdout } = await run(server, 'test', label, '--json');
      const { tools, problems } = JSON.parse(stdout);
      expect([exitCode, tools.map(({ name }: Json) => name)]).toEqual([0, expect.arrayContaining([tool])]);
      const left = 'simulate-research-query is not offered: it runs only as a task';
      expect(problems).toEqual(label === 'everything' ? [left] : []);
    }
  });
});
