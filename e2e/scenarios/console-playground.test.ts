import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { browser as program } from '../support/browser.ts';
import {
  expectAccessible,
  goTo,
  keepPicture,
  openConsole,
  signInTo,
  startBrowser,
  type TabOptions,
} from '../support/console-browser.ts';
import { recording } from '../support/mcp-servers.ts';
import {
  callsFunction,
  type MisbehavingUpstream,
  says,
  sends,
  startMisbehavingUpstream,
} from '../support/misbehaving-upstream.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const TINY = 'far/tiny';
/** Texts that are scripts where a page takes them for more than texts. */
const HOSTILE = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>\u202e';
const SEEN = HOSTILE.replace('\u202e', '\\u{202E}');
const reasons = (text: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { reasoning_content: text }, finish_reason: null }] })}\n\n`;
const LOOKS: readonly TabOptions[] = [
  { width: 360, scheme: 'light' },
  { width: 768, scheme: 'dark' },
  { width: 1280, scheme: 'light' },
];

describe.runIf(program !== undefined)('the playground', () => {
  let folder: TemporaryFolder;
  let upstream: MisbehavingUpstream;
  let server: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    folder = createTemporaryFolder();
    upstream = await startMisbehavingUpstream();
    [server, browser] = await Promise.all([
      startServer({
        mcpServers: { notes: recording(join(folder.path, 'calls')) },
        config: { upstreams: { far: { urls: [upstream.url], models: { 'far/tiny': { name: 'tiny' } } } } },
      }),
      startBrowser(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    await upstream?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  const open = (options: TabOptions = {}) => openConsole(browser, server.url, options);
  const say = async (page: Page, text: string): Promise<void> => {
    await page.getByLabel('Message').fill(text);
    await page.getByLabel('Message').press('Enter');
  };
  const asker = () =>
    createToken(server, 'asker', {
      ...withTools({ 'mcp/notes': { echo: { approval: 'ask' }, fetch_note: {} } }),
      actions: ['chat', 'models:read', 'mcp:read', 'approvals:decide'],
      models: ['*'],
    });

  verifies(
    'console.playground',
    async () => {
      const { token } = await asker();
      await using tab = await open();
      const { page, problems, requests } = tab;
      await signInTo(page, token);
      await goTo(page, 'Playground');
      await page.getByLabel('Model', { exact: true }).selectOption(NANO);
      await page.getByRole('button', { name: 'Start the servers' }).click();
      await page.getByLabel('mcp/notes').check();
      await page.getByText('Tools of mcp/notes').click();
      await page.getByLabel('fetch_note').uncheck();
      await say(page, 'Echo red fox');

      const log = page.getByRole('log');
      await log.getByText('waits for a person').waitFor();
      const card = log
        .getByRole('listitem')
        .filter({ has: page.getByRole('button', { name: 'Approve' }) })
        .last();
      await card.getByText('The grant of token asker lets this tool be called only with approval.').waitFor();
      await keepPicture(page, 'playground-approval');
      await card.getByRole('button', { name: 'Change the arguments' }).click();
      await card.getByLabel('Arguments as JSON').fill('{"message": "red hen"}');
      await card.getByRole('button', { name: 'Approve as changed' }).click();
      await log.getByText('done', { exact: true }).waitFor();
      await log.getByText('"red hen"').waitFor();
      await log.getByText('Result', { exact: true }).click();
      await log.getByRole('region', { name: 'Result: echo of mcp/notes' }).getByText('red hen').waitFor();
      await log.getByText(/tokens read/).waitFor();
      expect(readFileSync(join(folder.path, 'calls'), 'utf8')).toContain('red hen');
      await keepPicture(page, 'playground-done');

      // The chat goes on, and the command is the request as it was sent.
      const sent = page.waitForRequest(`${server.url}/api/v1/chat`);
      await say(page, "It's fine");
      const body = (await sent).postDataJSON() as Record<string, unknown>;
      expect(body).toMatchObject({
        model: NANO,
        integrations: [{ type: 'plugin', id: 'mcp/notes', allowed_tools: ['echo'] }],
        previous_response_id: expect.stringMatching(/^resp_/),
      });
      await expect.poll(() => log.getByText(/tokens read/).count()).toBe(2);
      await log.getByText('As curl').last().click();
      const command = (await log.getByRole('region', { name: 'As curl' }).last().textContent()) ?? '';
      const secret = token.split(':')[1] ?? '-';
      expect(command).not.toContain(secret);
      const { stdout } = spawnSync('sh', ['-c', command], {
        env: { ...process.env, LATCHKEY_API_TOKEN: token },
        encoding: 'utf8',
      });
      expect(stdout).toContain('event: chat.end');
      expect(await page.content()).not.toContain(secret);
      expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);

      await page.getByRole('button', { name: 'New chat' }).click();
      await page.getByText('Nothing is said yet.').waitFor();
      expect(problems).toEqual([]);
    },
    'with an approval in place',
  );

  verifies(
    'console.playground',
    async () => {
      await using tab = await open();
      const { page, problems } = tab;
      await signInTo(page, server.adminToken);
      await goTo(page, 'Playground');
      await page.getByLabel('Model', { exact: true }).selectOption(TINY);
      upstream.next.push(sends([reasons(HOSTILE)], 'hangs'));
      await say(page, 'Hang');
      const log = page.getByRole('log');
      await log.getByText('Reasoning').click();
      await log.getByText(SEEN, { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await log.getByText('Stopped.').waitFor();
      // What was stopped here has stopped there, too.
      await expect
        .poll(async () => {
          const { body } = await server.admin.get('/api/v1/responses');
          return body.responses.map(({ state }: { state: string }) => state);
        })
        .not.toContain('running');

      await page.getByLabel('mcp/notes').check();
      upstream.next.push(callsFunction('echo', { message: HOSTILE }), says(HOSTILE));
      await say(page, HOSTILE);
      await log.getByText(/tokens read/).waitFor();
      expect(upstream.asked.length).toBeGreaterThan(1);
      await log.getByRole('paragraph').getByText(SEEN, { exact: true }).last().waitFor();
      await log.getByText('Result', { exact: true }).click();
      await keepPicture(page, 'playground-hostile');
      expect(await page.title()).toBe('Playground – Latchkey');
      expect(await page.locator('main img, main script, main svg').count()).toBe(0);
      expect((await page.locator('main').textContent()) ?? '').not.toContain('\u202e');
      expect(problems).toEqual([]);
    },
    'what the model and the tools write is text, and Stop ends it on the server',
  );

  verifies(
    'console.playground',
    async () => {
      const { token } = await createToken(server, 'bare', { ...CHAT_GRANT, actions: ['chat'] });
      await using tab = await open();
      const { page, problems } = tab;
      await signInTo(page, token);
      await goTo(page, 'Playground');
      await page.getByLabel('Model', { exact: true }).fill('no/such');
      await say(page, 'Hello');
      await page.getByRole('alert').getByText('no/such').waitFor();
      await page.getByLabel('Model', { exact: true }).fill(NANO);
      await page.getByLabel('Another server').fill('mcp/notes');
      await page.getByRole('button', { name: 'Add' }).click();
      await say(page, 'Hello');
      await page.getByRole('alert').getByText('mcp/notes').waitFor();
      await page.getByLabel('mcp/notes').uncheck();
      await say(page, 'Hello');
      await page.getByText(/tokens read/).waitFor();
      expect(problems).toEqual([]);
    },
    'a token that may only chat',
  );

  verifies('console.first-steps', async () => {
    await using fresh = await startServer();
    await using tab = await openConsole(browser, fresh.url);
    const { page, problems } = tab;
    await signInTo(page, fresh.adminToken);
    await page.getByRole('heading', { level: 1, name: 'First steps' }).waitFor();
    await page.getByText('One model is there.').waitFor();
    await expectAccessible(page, 'first steps');
    await keepPicture(page, 'first-steps');
    await page.getByRole('button', { name: 'Next' }).press('Enter');
    await page.getByText('Not done yet.').waitFor();
    await page.getByRole('button', { name: 'Skip', exact: true }).click();
    await page.getByRole('link', { name: 'Make a token' }).click();
    await page.getByLabel('Name', { exact: true }).fill('first');
    await page.getByRole('button', { name: 'Make the token' }).click();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await goTo(page, 'First steps');
    await page.getByRole('button', { name: 'A token' }).click();
    await page.getByText('One token is made.').waitFor();
    await page.getByRole('button', { name: 'A first chat' }).click();
    await page.getByRole('link', { name: 'Open the playground' }).click();
    await page.getByLabel('Model', { exact: true }).waitFor();
    await say(page, 'Hello');
    await page.getByText(/tokens read/).waitFor();
    await goTo(page, 'First steps');
    await page.getByRole('button', { name: 'A first chat' }).click();
    await page.getByText('One response is stored.').waitFor();
    await page.getByRole('button', { name: 'Finish' }).click();
    await page.getByRole('heading', { level: 1, name: 'Conversations' }).waitFor();
    // It is gone, and does not come back.
    expect(await page.getByRole('link', { name: 'First steps' }).count()).toBe(0);
    await page.goto(`${fresh.url}/console`);
    await page.getByRole('heading', { level: 1, name: 'Conversations' }).waitFor();

    // An installation with tokens does not begin with them, and neither does a token that may not make any.
    await using later = await openConsole(browser, fresh.url);
    await signInTo(later.page, fresh.adminToken);
    await later.page.getByRole('heading', { level: 1, name: 'Conversations' }).waitFor();
    expect([problems, later.problems]).toEqual([[], []]);
  });

  for (const look of LOOKS) {
    const at = `${look.width}-${look.scheme}`;
    verifies(
      'console.access',
      async () => {
        const { token } = await asker();
        await using tab = await open(look);
        const { page, problems } = tab;
        await signInTo(page, token);
        await goTo(page, 'Playground');
        await page.getByLabel('Model', { exact: true }).selectOption(TINY);
        await page.getByLabel('mcp/notes').check();
        await page.getByText('Options', { exact: true }).click();
        const long = 'a-long-word'.repeat(20);
        upstream.next.push(callsFunction('echo', { message: long }));
        await say(page, long);
        await page.getByRole('button', { name: 'Approve' }).waitFor();
        await page.getByText('As curl').click();
        await expectAccessible(page, `playground ${at}`);
        await keepPicture(page, `playground-${at}`);
        await page.getByRole('button', { name: 'Stop' }).click();
        await page.getByText('Stopped.').waitFor();
        await expectAccessible(page, `playground stopped ${at}`);
        expect(problems).toEqual([]);
      },
      `the playground at ${look.width} pixels, ${look.scheme}`,
    );
  }
});
