import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { browser as program } from '../support/browser.ts';
import { expectAccessible, keepPicture, openTab, startBrowser } from '../support/console-browser.ts';
import { findFreePort } from '../support/free-port.ts';
import { recording } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { startUrlAloneClient, type UrlAloneClient } from '../support/url-alone-client.ts';
import { verifies } from '../support/verifies.ts';

if (program === undefined) console.warn('Clients that connect by a URL alone were not tried: no Chromium.');

describe.runIf(program !== undefined)('a client that knows the URL of /mcp alone', () => {
  let folder: TemporaryFolder;
  let server: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    folder = createTemporaryFolder();
    const port = await findFreePort();
    [server, browser] = await Promise.all([
      startServer({
        mcpServers: { notes: recording(join(folder.path, 'calls')) },
        config: {
          publicUrl: `http://127.0.0.1:${port}`,
          oauth: { authorizationServer: true, privateClientHosts: ['127.0.0.1'] },
        },
        flags: ['--port', String(port)],
      }),
      startBrowser(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  const newPerson = (name: string) =>
    createToken(server, name, withTools({ 'mcp/notes': { fetch_note: {}, echo: {} } }), { owner: name });

  /** Signs in on the page that the client sends its person to, as the console's own form asks. */
  async function openQuestion(client: UrlAloneClient, token: string) {
    const tab = await openTab(browser);
    await tab.page.goto((await client.page).href);
    await tab.page.getByLabel('Token').fill(token);
    await tab.page.getByRole('button', { name: 'Sign in' }).click();
    await tab.page.getByRole('heading', { name: 'Let a program in?' }).waitFor();
    await tab.page.getByRole('button', { name: 'Let it in' }).waitFor();
    return tab;
  }

  verifies('clients.url-alone', async () => {
    const mara = await newPerson('mara');
    await using client = await startUrlAloneClient(server.url);
    await using tab = await openQuestion(client, mara.token);
    const { page, problems } = tab;
    await page.getByText('A program that calls itself “An Editor” wants to use MCP tools').waitFor();
    await page.getByText('The name was not checked.').waitFor();
    await page.getByText(/takes its access to a program on your own computer \(127\.0\.0\.1:\d+\)/).waitFor();
    await expectAccessible(page, 'the question');
    await keepPicture(page, 'oauth-question');
    await page.getByLabel(/^echo/).uncheck();
    await page.getByRole('button', { name: 'Let it in' }).click();
    await page.getByText('You can close this window.').waitFor();
    expect(problems).toEqual([]);

    const connected = await client.connected;
    const { tools } = await connected.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['fetch_note']);
    const { content } = await connected.callTool({ name: 'fetch_note', arguments: {} });
    expect(content).toMatchObject([{ type: 'text', text: expect.stringContaining('herring') }]);

    const listed = await server.admin.get('/api/v1/tokens?limit=100');
    expect(JSON.stringify(listed.body)).toContain('MCP client: An Editor');
    await server.admin.delete(`/api/v1/tokens/${mara.id}`);
    await expect(connected.callTool({ name: 'fetch_note', arguments: {} })).rejects.toThrow();
    // It asks its person again, who has no token any more.
    expect(client.steps.slice(-8).join(' ')).toContain('POST /mcp → 401');
  });

  verifies('clients.described', async () => {
    const noor = await newPerson('noor');
    await using client = await startUrlAloneClient(server.url, { describes: true });
    await using tab = await openQuestion(client, noor.token);
    await tab.page.getByText(/Its description is from 127\.0\.0\.1:\d+\. The name was not checked\./).waitFor();
    await tab.page.getByRole('button', { name: 'Let it in' }).click();
    await tab.page.getByText('You can close this window.').waitFor();
    expect((await (await client.connected).listTools()).tools.map(({ name }) => name)).toEqual(['echo', 'fetch_note']);
    expect(client.steps.filter((step) => step.includes('/oauth/register'))).toEqual([]);
  });

  verifies('clients.refused', async () => {
    const finn = await newPerson('finn');
    await using client = await startUrlAloneClient(server.url);
    client.connected.catch(() => undefined);
    await using tab = await openQuestion(client, finn.token);
    await tab.page.getByRole('button', { name: 'Refuse' }).click();
    await tab.page.getByText('You can close this window.').waitFor();
    await expect(client.connected).rejects.toThrow(/access_denied/);
    expect(client.tokens()).toBeUndefined();
  });
});
