import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { filesystem, recording } from '../support/mcp-servers.ts';
import { missingPrograms, type PageReader, runPage } from '../support/run-page.ts';
import { NANO, type ServerOptions, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

// A page is a dozen commands and more, each of them a process that a busy machine may need seconds to start.
vi.setConfig({ testTimeout: 180_000 });

/** Runs a page at the home of somebody whose server has just been started; returns what was printed. */
async function transcriptOf(
  page: string,
  prepare: (server: TestServer, home: string) => PageReader | Promise<PageReader> = () => ({}),
  options: ServerOptions = {},
): Promise<string> {
  using home = createTemporaryFolder();
  const docs = join(home.path, 'docs');
  mkdirSync(docs);
  writeFileSync(join(docs, 'notes.txt'), 'red fox\n');
  await using server = await startServer({
    data: join(home.path, '.latchkey'),
    mcpServers: { files: filesystem(docs) },
    ...options,
  });
  const { exitCode, transcript } = await runPage(page, server.url, home.path, await prepare(server, home.path));
  expect(exitCode, transcript).toBe(0);
  return transcript;
}

/** A chat of the administrator that was left while its call waits for a person. */
async function leaveWaiting({ admin }: TestServer): Promise<{ readonly id: string; readonly responseId: string }> {
  const stream = await admin.stream({ input: 'Echo red fox', integrations: ['mcp/files'] });
  const { approval_id: id, response_id: responseId } = await stream.until('tool_call.approval_required');
  stream.leave();
  return { id, responseId };
}

const WATCHING = `curl -N -H "Authorization: Bearer $LATCHKEY_API_TOKEN" -H 'Accept: text/event-stream' http://127.0.0.1:1234/api/v1/approvals`;
const CHANGING = `approve ID --arguments '{"path": "/srv/docs/notes.txt"}'`;

/** What the commands do is tested elsewhere, too; this is about how they are written down. */
const missing = missingPrograms();
if (missing.length > 0) console.warn(`The commands of the documentation were not run: no ${missing.join(', ')}.`);

describe.skipIf(missing.length > 0)('the commands of', () => {
  verifies('docs.tokens', async () => {
    expect(await transcriptOf('docs/tokens.md')).toContain('models:read');
  });

  verifies('docs.readme', async () => {
    const transcript = await transcriptOf('README.md', async (server, home) => {
      const { id, token } = await createToken(server, 'rotated', CHAT_GRANT);
      const words = { 'rotate ID': `rotate ${id}`, 'sk-lm-…': server.adminToken, '/srv/docs': join(home, 'docs') };
      return { words, input: token };
    });
    expect(transcript).toContain('latchkey/nano  llm');
    expect(transcript).toMatch(/^lka_/m);
    expect(transcript).toMatch(/^yes$/m);
  });

  verifies(
    'docs.pages',
    async () => {
      const { command, args } = filesystem('$PWD/notes') as { command: string; args: readonly string[] };
      const words = {
        'npx -y @modelcontextprotocol/server-filesystem "$PWD/notes"': `${command} ${args.map((arg) => `"${arg}"`).join(' ')}`,
      };
      const transcript = await transcriptOf('docs/tutorial.md', () => ({ words }));
      expect(transcript).toContain('As it should be.');
      expect(transcript).toContain('Hello! How can I help you?');
    },
    'docs/tutorial.md',
  );

  const asAdministrator = ({ adminToken }: TestServer): PageReader => ({
    environment: { LATCHKEY_API_TOKEN: adminToken },
  });

  verifies(
    'docs.pages',
    async () => {
      const transcript = await transcriptOf('docs/configuration.md', asAdministrator);
      expect(transcript).toContain('personalAccessTokenTtl  2592000');
      expect(transcript).toContain('"accessTokenTtl":120');
    },
    'docs/configuration.md',
  );

  verifies(
    'docs.pages',
    async () => expect(await transcriptOf('docs/audit.md', asAdministrator)).toMatch(/^Wrote \d+ entries/m),
    'docs/audit.md',
  );

  verifies(
    'docs.pages',
    async () => expect(await transcriptOf('docs/console.md', asAdministrator)).toMatch(/^http.*\/console#link=/m),
    'docs/console.md',
  );

  verifies(
    'docs.pages',
    async () => {
      const transcript = await transcriptOf('docs/operating.md', (server, home) => {
        const place = join(home, '.lmstudio');
        mkdirSync(place);
        writeFileSync(join(place, 'mcp.json'), '{"mcpServers": {"notes": {"url": "https://notes.example.com/mcp"}}}');
        return asAdministrator(server);
      });
      expect(transcript).toMatch(/^sk-lm-/m);
      expect(transcript).toMatch(/^mcp server +notes +taken/m);
    },
    'docs/operating.md',
  );

  verifies(
    'docs.pages',
    async () => {
      const transcript = await transcriptOf('docs/client.md', async (server, home) => {
        const { token } = await createToken(server, 'production', CHAT_GRANT);
        writeFileSync(join(home, 'token.txt'), token);
        return { words: { 'https://models.example.com': server.url }, input: server.adminToken };
      });
      expect(transcript).toMatch(/^Logged in to .* as administrator/m);
      expect(transcript).toMatch(/^Removed profile 'production'. Its token is revoked./m);
    },
    'docs/client.md',
  );

  verifies(
    'docs.pages',
    async () => {
      const transcript = await transcriptOf(
        'docs/mcp.md',
        async (server, home) => {
          const { command, args } = filesystem(join(home, 'docs')) as { command: string; args: readonly string[] };
          mkdirSync(join(home, '.codex'));
          writeFileSync(
            join(home, '.codex', 'config.toml'),
            `[mcp_servers.notes]\nurl = "https://notes.example.com/mcp"\n`,
          );
          const [approved, changed, denied, curled] = [
            await leaveWaiting(server),
            await leaveWaiting(server),
            await leaveWaiting(server),
            await leaveWaiting(server),
          ];
          const comesBack = [await leaveWaiting(server), await leaveWaiting(server)] as const;
          for (const { id } of comesBack) await server.admin.post(`/api/v1/approvals/${id}`, { decision: 'approve' });
          const words = {
            'add files -- npx -y @modelcontextprotocol/server-filesystem /srv/docs': `add docs -- ${[command, ...args].join(' ')}`,
            'read_file write_file': 'echo fetch_note',
            // A reader is asked, where no terminal is a word says yes.
            'config.toml': 'config.toml --yes',
            // What goes on until somebody has seen enough.
            'latchkey approvals --watch': 'head -n 2 < <(latchkey approvals --watch)',
            [WATCHING]: `head -n 2 < <(${WATCHING})`,
            'approvals approve ID\n': `approvals approve ${approved.id}\n`,
            [CHANGING]: `approve ${changed.id} --arguments '{"message": "red hen"}'`,
            'deny ID': `deny ${denied.id}`,
            'approvals/ID': `approvals/${curled.id}`,
            MODEL: NANO,
            '--previous-response resp_…': `--previous-response ${comesBack[0].responseId}`,
            '"previous_response_id": "resp_…"': `"previous_response_id": "${comesBack[1].responseId}"`,
          };
          const { adminToken } = server;
          return { words, environment: { LATCHKEY_API_TOKEN: adminToken, LM_API_TOKEN: adminToken } };
        },
        {
          mcpServers: { files: recording('/dev/null') },
          config: {
            policy: { actions: ['*'], models: ['*'], mcp: { 'mcp/files': { tools: { '*': { approval: 'ask' } } } } },
          },
        },
      );
      expect(transcript).toContain('mcp/docs was added to');
      expect(transcript).toMatch(/^notes +added /m);
      expect(transcript).toContain('mcp/search was removed from');
      expect(transcript).toContain('Nothing is held back.');
      expect(transcript).toContain('allowEphemeralMcp');
      expect(transcript).toMatch(/^: watching$/m);
      expect(transcript.match(/^Approved: mcp\/files echo$/gm)).toHaveLength(2);
      expect(transcript).toMatch(/^Denied: mcp\/files echo$/m);
      expect(transcript).toContain('"decision":"approve"');
      expect(transcript).toContain('The tool answered: red fox');
      expect(transcript).toContain('"type":"tool_call.success"');
    },
    'docs/mcp.md',
  );
});
