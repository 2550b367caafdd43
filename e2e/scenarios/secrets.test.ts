import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { runLatchkey } from '../support/latchkey-command.ts';
import { tiktoken } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ config: { log: 'trace' }, mcpServers: { tiktoken: tiktoken() } });
});
afterAll(() => server[Symbol.asyncDispose]());

/** The part of a token that nobody may see. */
const secretOf = (token: string): string => token.slice(-20);

describe('secrets', () => {
  verifies('secrets.nowhere', async () => {
    const holder = await createToken(server, 'canary', CHAT_GRANT);
    const secrets = [secretOf(holder.token), secretOf(server.adminToken)];
    const integrations = ['mcp/tiktoken'];
    const answers = [
      await holder.chat({ input: 'Hello' }),
      await holder.chat({ input: 'Hello', integrations }),
      await holder.post('/api/v1/chat', '{'),
      await holder.post('/api/v1/chat', { model: holder.token, input: 'Hello' }),
      await holder.get('/api/v1/whoami'),
      await holder.get('/api/v1/tokens'),
      await server.admin.get('/api/v1/tokens'),
      await server.admin.patch(`/api/v1/tokens/${holder.id}`, { name: 'renamed' }),
      await server.admin.get(`/api/v1/tokens/${holder.id}`),
      await server.admin.get(`/api/v1/tokens/${holder.token}`),
      await server.admin.delete(`/api/v1/tokens/${holder.id}`),
      await holder.get('/api/v1/whoami'),
    ];
    const commands = await Promise.all(
      [['list'], ['show', holder.id], ['list', '--json'], ['show', holder.id, '--json']].map((args) =>
        runLatchkey(['token', ...args, '--data', server.data]),
      ),
    );
    // The stream of the log and the files are complete when the server is gone; the data folder goes with it.
    const files = readdirSync(server.data, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name !== 'admin-token' && statSync(join(server.data, name)).isFile(),
    );
    expect(files).toContain('latchkey.db');
    const seen: Record<string, string> = {
      answers: JSON.stringify(answers.map(({ headers, body }) => [[...headers], body])),
      commands: JSON.stringify(commands),
      log: server.log.lines.join('\n'),
      ...Object.fromEntries(files.map((name) => [name, readFileSync(join(server.data, name), 'latin1')])),
    };
    for (const [where, text] of Object.entries(seen)) {
      for (const secret of secrets) expect(text.includes(secret), where).toBe(false);
    }
    expect(seen.log).toContain(holder.id);
  });

  verifies('secrets.modes', () => {
    const modeOf = (name: string): number => statSync(join(server.data, name)).mode & 0o777;
    expect(modeOf('admin-token')).toBe(0o600);
    expect(modeOf('secret.key')).toBe(0o600);
    expect(modeOf('server.json')).toBe(0o600);
  });
});
