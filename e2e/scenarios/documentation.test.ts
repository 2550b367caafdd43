import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { filesystem } from '../support/mcp-servers.ts';
import { missingPrograms, type PageReader, runPage } from '../support/run-page.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

/** Runs a page at the home of somebody whose server has just been started; returns what was printed. */
async function transcriptOf(
  page: string,
  prepare: (server: TestServer, home: string) => PageReader | Promise<PageReader> = () => ({}),
): Promise<string> {
  using home = createTemporaryFolder();
  const docs = join(home.path, 'docs');
  mkdirSync(docs);
  writeFileSync(join(docs, 'notes.txt'), 'red fox\n');
  await using server = await startServer({
    data: join(home.path, '.latchkey'),
    mcpServers: { files: filesystem(docs) },
  });
  const { exitCode, transcript } = await runPage(page, server.url, home.path, await prepare(server, home.path));
  expect(exitCode, transcript).toBe(0);
  return transcript;
}

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
    async () => {
      const transcript = await transcriptOf('docs/client.md', async (server, home) => {
        const { token } = await createToken(server, 'production', CHAT_GRANT);
        writeFileSync(join(home, 'token.txt'), token);
        return { words: { 'https://models.example.com': server.url }, input: server.adminToken };
      });
      expect(transcript).toMatch(/^Logged in to .* as administrator/m);
      expect(transcript).toMatch(/^Revoked the token of profile 'production'/m);
    },
    'docs/client.md',
  );
});
