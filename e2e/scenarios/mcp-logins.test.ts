import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Grant } from '@latchkey/auth-core/llm';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { openTab, startBrowser } from '../support/console-browser.ts';
import { latchkeyPath, runLatchkey, spawnLatchkey } from '../support/latchkey-command.ts';
import { type ProtectedNotes, startProtectedNotes } from '../support/protected-notes.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';
import { watchLines } from '../support/watched-lines.ts';

let folder: TemporaryFolder;
let notes: ProtectedNotes;
beforeAll(async () => {
  folder = createTemporaryFolder();
  notes = await startProtectedNotes();
});
afterAll(async () => {
  await notes[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const usesNotes: Grant = { ...withTools({ 'mcp/notes': { '*': {} } }), actions: ['chat', 'models:read', 'mcp:read'] };
const variables = ({ url }: Pick<TestServer, 'url'>, token: string) => ({
  LATCHKEY_URL: url,
  LATCHKEY_API_TOKEN: token,
  HOME: folder.path,
});
const ask = (server: Pick<TestServer, 'url'>, token: string) =>
  createApi(server.url, token).chat({ input: 'Fetch the note.', integrations: ['mcp/notes'] });
const theNote = { status: 200, body: { output: [{ type: 'tool_call', tool: 'fetch_note' }, { type: 'message' }] } };
const wantsLogin = 'it wants a login: latchkey mcp login notes';

describe('a remote MCP server that wants a login', () => {
  verifies('logins.browser', async () => {
    const data = join(folder.path, 'data');
    const mcpServers = { notes: { url: notes.url, headers: {} } };
    const token = await (async () => {
      await using server = await startServer({ data, mcpServers });
      const [mara, noor] = [
        await createToken(server, 'mara', usesNotes, { owner: 'mara' }),
        await createToken(server, 'noor', usesNotes, { owner: 'noor' }),
      ];
      expect((await ask(server, mara.token)).body.error.message).toContain(wantsLogin);
      const environment = variables(server, mara.token);
      expect((await runLatchkey(['mcp', 'list'], { environment })).stdout).toContain(wantsLogin);

      const login = spawnLatchkey(['mcp', 'login', 'notes', '--no-browser'], { environment });
      if (login.stdout === null) throw new Error('it prints nothing');
      const lines = watchLines(login.stdout);
      const ended = once(login, 'exit');
      await using browser = await startBrowser().then((started) => ({
        started,
        [Symbol.asyncDispose]: () => started.close(),
      }));
      await using tab = await openTab(browser.started);
      await tab.page.goto(await lines.find((line) => line.startsWith('http')));
      await tab.page.getByRole('button', { name: 'Allow' }).click();
      await tab.page.getByText('You can close this window').waitFor();
      expect(await ended).toEqual([0, null]);
      expect(lines.lines.at(-1)).toBe('Signed in to mcp/notes.');

      expect(await ask(server, mara.token)).toMatchObject(theNote);
      expect((await ask(server, noor.token)).body.error.message).toContain(wantsLogin);
      return mara.token;
    })();

    // What is stored is sealed.
    const sent = [...notes.resource.seen].map((header) => header.replace('Bearer ', ''));
    const stored = readdirSync(data).filter((name) => name.includes('.db'));
    expect([sent.length, stored.length].every((count) => count > 0)).toBe(true);
    for (const name of stored) {
      const text = readFileSync(join(data, name), 'latin1');
      expect(sent.filter((secret) => text.includes(secret))).toEqual([]);
    }

    await using server = await startServer({ data, mcpServers });
    // The restart does not need the token that it stored to be valid still.
    notes.authorization.expire();
    expect(await ask(server, token)).toMatchObject(theNote);
    const environment = variables(server, token);
    const logout = await runLatchkey(['mcp', 'logout', 'notes'], { environment });
    expect(logout).toMatchObject({ exitCode: 0, stdout: 'Signed out of notes.\n' });
    expect((await ask(server, token)).body.error.message).toContain(wantsLogin);
    expect(notes.authorization.tokens.size).toBe(0);
    const { body } = await server.admin.get('/api/v1/audit?limit=1000');
    const types = (body.entries as { type: string }[])
      .map(({ type }) => type)
      .filter((type) => type.startsWith('mcp.'));
    expect(types).toEqual(['mcp.signed_in', 'mcp.signed_out']);
  });

  verifies('logins.pasted', async () => {
    await using server = await startServer({ mcpServers: { notes: { url: notes.url, headers: {} } } });
    const mara = await createToken(server, 'mara', usesNotes, { owner: 'mara' });
    const environment = { PATH: process.env.PATH ?? '', ...variables(server, mara.token) };
    const flags = ['mcp', 'login', 'notes', '--no-browser', '--callback-host', 'localhost'];
    const login = spawn(process.execPath, [latchkeyPath, ...flags], {
      env: environment,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const ended = once(login, 'exit');
    const url = await watchLines(login.stdout).find((line) => line.startsWith('http'));
    expect(new URL(url).searchParams.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+\/callback$/);
    const answer = await fetch(`${url}&consent=yes`, { redirect: 'manual' });
    login.stdin.write(`${answer.headers.get('location')}\n`);
    expect(await ended).toEqual([0, null]);
    expect(await ask(server, mara.token)).toMatchObject(theNote);
  });

  verifies('logins.end-with-token', async () => {
    await using server = await startServer({ mcpServers: { notes: { url: notes.url, headers: {} } } });
    const [first, second] = [
      await createToken(server, 'first', usesNotes, { owner: 'mara' }),
      await createToken(server, 'second', usesNotes, { owner: 'mara' }),
    ];
    const path = '/api/v1/mcp/servers/notes/login';
    const begun = (await first.post(path, { redirectUri: 'http://127.0.0.1:7777/callback' })).body;
    const answer = await fetch(`${begun.url}&consent=yes`, { redirect: 'manual' });
    const finished = await first.post(`${path}/${begun.id}`, { answer: answer.headers.get('location') });
    expect(finished).toMatchObject({ status: 200, body: { state: 'signed in' } });
    expect(await ask(server, second.token)).toMatchObject(theNote);
    await server.admin.post(`/api/v1/tokens/${first.id}/revoke`, undefined);
    expect((await ask(server, second.token)).body.error.message).toContain(wantsLogin);
  });
});
